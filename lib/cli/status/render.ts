import { pageStart } from '../../contract/keys.ts';
import type { Looked } from '../aws/looked.ts';
import { count, renderFacts, renderTable } from '../view/table.ts';
import { moment, relative } from '../view/time.ts';
import { renderCounts } from '../view/waiting.ts';
import type { Concern } from './concerns.ts';
import type { StatusFacts, TriggerFacts } from './facts.ts';
import type { WatchedQueue } from './watched-queues.ts';

/** The status for a person. */
export function renderStatus(facts: StatusFacts, concerns: readonly Concern[]): string {
  const { outbox, at } = facts;
  const blocks = [
    `Outbox ${outbox.name}, ${moment(at)}`,
    renderFacts([
      ['table', outbox.table],
      ['in flight', inFlight(facts)],
      ['relay', orWhyNot(facts.trigger, trigger) + lag(facts)],
      ['sweeper', sweeper(facts)],
      ['waiting room', waiting(facts)],
      ['queues', orWhyNot(facts.queues, (queues) => queueLines(queues))],
    ]),
    verdict(concerns),
  ];
  return blocks.join('\n\n');
}

function inFlight({ inFlight: { entries, oldestPage, pagesLeftOut }, at }: StatusFacts): string {
  const oldest =
    oldestPage === undefined ? '' : `, the oldest of ${relative(pageStart(oldestPage), at)}`;
  const leftOut = pagesLeftOut === 0 ? '' : ` (${count(pagesLeftOut, 'page')} not counted)`;
  return `${count(entries, 'entry', 'entries')}${oldest}${leftOut}`;
}

function trigger({ state, lastResult }: TriggerFacts): string {
  return `trigger ${state.toLowerCase()}${lastResult === undefined ? '' : `: ${lastResult}`}`;
}

function lag({ lag: noted, at }: StatusFacts): string {
  return noted === undefined ? '' : `; behind by what was written ${relative(noted.oldestAt, at)}`;
}

function sweeper({ sweeps, at }: StatusFacts): string {
  const [last] = sweeps;
  if (last === undefined) return 'has never run';
  const table = renderTable(
    ['started', 'took', 'due', 'missed', 'closing', 'pages', 'ended'],
    sweeps.map(({ startedAt, endedAt, due, missed, closing, pages, ended }) => [
      moment(startedAt),
      `${endedAt - startedAt} ms`,
      due,
      missed,
      closing,
      pages,
      ended,
    ]),
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

function verdict(concerns: readonly Concern[]): string {
  if (concerns.length === 0) return 'Nothing needs you.';
  const lines = concerns.map(({ what, command }) => `  ${what}\n    → ${command}`);
  return `This needs you:\n${lines.join('\n')}`;
}

function orWhyNot<T>(looked: Looked<T>, render: (value: T) => string): string {
  return looked.status === 'seen' ? render(looked.value) : `unknown: ${looked.why}`;
}
