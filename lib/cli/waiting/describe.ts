import { groupBy } from '../../core/group-by.ts';
import type { WaitingSummary } from '../../table/waiting-summary.ts';
import { printable } from '../view/printable.ts';
import { count, renderTable, type View } from '../view/table.ts';
import { renderWaiting } from '../view/waiting.ts';
import type { Tally } from './tally.ts';

const rowsShown = 20;

/** What would be done, for a person to judge. */
export function describePlan(
  verb: string,
  { plan, hindrances }: { plan: readonly WaitingSummary[]; hindrances: readonly string[] },
  view: View,
): string {
  const blocks = [
    plan.length === 0 ? `Nothing to ${verb}.` : renderWaiting(plan.slice(0, rowsShown), view),
    plan.length > rowsShown
      ? `… ${count(plan.length, 'entry', 'entries')} in all:\n${kinds(plan, view.width)}`
      : '',
    problems(hindrances),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** What was done. */
export function describeTally(verb: string, { done, changed, gone, refused }: Tally): string {
  const lines = [
    `${verb}: ${count(done, 'entry', 'entries')}`,
    gone === 0 ? '' : `left the waiting room meanwhile: ${gone}`,
    changed === 0
      ? ''
      : `changed by somebody else meanwhile, and left alone: ${changed}; run it again`,
    problems(refused.map(({ event, why }) => `${event}: ${why}`)),
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

function kinds(plan: readonly WaitingSummary[], width: number | undefined): string {
  const byKind = groupBy(plan, ({ type = 'no valid entry', errorCode = '' }) =>
    JSON.stringify([type, errorCode]),
  );
  const rows = [...byKind].map(([kind, { length }]) => [...(JSON.parse(kind) as string[]), length]);
  return renderTable(['type', 'error', 'entries'], rows, width);
}

function problems(texts: readonly string[]): string {
  if (texts.length === 0) return '';
  const shown = texts.slice(0, rowsShown).map((text) => `  ${printable(text)}`);
  const more = texts.length > rowsShown ? [`  … ${texts.length} in all`] : [];
  return ['Left alone:', ...shown, ...more].join('\n');
}
