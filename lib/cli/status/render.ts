import { pageStart } from '../../table/keys.ts';
import type { Looked } from '../aws/looked.ts';
import { count, renderFacts, renderTable, roomBeside, wrapText } from '../view/table.ts';
import { moment, relative } from '../view/time.ts';
import { renderCounts } from '../view/waiting.ts';
import { queueCells, queueHead } from '../inbox/render.ts';
import type { Concern } from './concerns.ts';
import type { StatusFacts, TriggerFacts } from './facts.ts';
import type { WatchedQueue } from './watched-queues.ts';

/** The status for a person. */
export function renderStatus(
  facts: StatusFacts,
  concerns: readonly Concern[],
  width?: number,
): string {
  const { outbox, at } = facts;
  const blocks = [
    `Outbox ${outbox.name}, ${moment(at)}`,
    renderFacts(
      [
        ['table', outbox.table],
        ...unseenStack(outbox.stackUnseen),
        ['in flight', inFlight(facts)],
        ['relay', orWhyNot(facts.trigger, describeTrigger) + lag(facts)],
        ['sweeper', describeSweeper(facts, width)],
        ['waiting room', waiting(facts)],
        ['queues', orWhyNot(facts.queues, (queues) => queueLines(queues))],
        ...inboxRows(facts, width),
      ],
      width,
    ),
    verdict(concerns, width),
  ];
  return blocks.join('\n\n');
}

function unseenStack(why: string | undefined): [string, string][] {
  return why === undefined ? [] : [['stack', `unknown, and so are its inboxes: ${why}`]];
}

function inboxRows({ inboxes: seen }: StatusFacts, width: number | undefined): [string, string][] {
  if (seen.status === 'unseen') return [['inboxes', `unknown: ${seen.why}`]];
  if (seen.value.length === 0) return [];
  const rows = seen.value.map(({ name, ...queue }) => [name, ...queueCells(queue)]);
  const room = roomBeside('waiting room'.length, width);
  return [['inboxes', renderTable(['inbox', ...queueHead], rows, room)]];
}

function inFlight({ inFlight: { entries, oldestPage, pagesLeftOut }, at }: StatusFacts): string {
  const oldest =
    oldestPage === undefined ? '' : `, the oldest of ${relative(pageStart(oldestPage), at)}`;
  const leftOut = pagesLeftOut === 0 ? '' : ` (${count(pagesLeftOut, 'page')} not counted)`;
  return `${count(entries, 'entry', 'entries')}${oldest}${leftOut}`;
}

function describeTrigger({ state, lastResult }: TriggerFacts): string {
  return `trigger ${state.toLowerCase()}${lastResult === undefined ? '' : `: ${lastResult}`}`;
}

function lag({ lag: noted, at }: StatusFacts): string {
  return noted === undefined ? '' : `; behind by what was written ${relative(noted.oldestAt, at)}`;
}

function describeSweeper(
  { sweeps, at, deployedAt }: StatusFacts,
  width: number | undefined,
): string {
  const [last] = sweeps;
  if (last === undefined) {
    return deployedAt === undefined
      ? 'has never run'
      : `has never run, deployed ${relative(deployedAt, at)}`;
  }
  const table = renderTable(
    ['started', 'took', 'due', 'missed', 'closing', 'pages', 'ended'],
    sweeps.map(({ startedAt, endedAt, due, missed, closing, pages, ended }) => [
      relative(startedAt, at),
      `${endedAt - startedAt} ms`,
      due,
      missed,
      closing,
      pages,
      ended,
    ]),
    roomBeside('waiting room'.length, width),
  );
  return `ran ${relative(last.endedAt, at)}\n${table}`;
}

function waiting({ waiting: counts, parkedSince, at }: StatusFacts): string {
  const since = parkedSince === undefined ? '' : `, the first ${relative(parkedSince, at)}`;
  return `${renderCounts(counts)}${since}`;
}

function queueLines(queues: readonly WatchedQueue[]): string {
  const lines = queues.map(
    ({ name, messages, isGone }) => `${name} ${isGone === true ? 'is gone' : messages}`,
  );
  return lines.join('\n') || 'none known';
}

function verdict(concerns: readonly Concern[], width: number | undefined): string {
  if (concerns.length === 0) return 'Nothing needs you.';
  // A command stays on one line: it is to be pasted.
  const lines = concerns.map(
    ({ what, command }) => `${wrapText(`  ${what}`, width, '  ')}\n    → ${command}`,
  );
  return `This needs you:\n${lines.join('\n')}`;
}

function orWhyNot<T>(looked: Looked<T>, render: (value: T) => string): string {
  return looked.status === 'seen' ? render(looked.value) : `unknown: ${looked.why}`;
}
