import type { SagaNote, SagaRecord, SagaSummary } from '../table/saga.ts';
import { renderFacts, renderTable, type View } from './view/table.ts';
import { moment, relative } from './view/time.ts';

/** Sagas that have not finished, one a line. */
export function renderRunning(sagas: readonly SagaSummary[], { now, width }: View): string {
  return renderTable(
    ['key', 'status', 'started', 'overdue'],
    sagas.map(({ key, status, startedAt, overdueAt }) => [
      key,
      status,
      relative(startedAt, now),
      relative(overdueAt, now),
    ]),
    width,
  );
}

/** One saga with its history, without its state. */
export function renderSaga(saga: SagaRecord, { now, width }: View): string {
  return `${renderFacts(factsOf(saga, now), width)}\n\n${renderHistory(saga, width)}`;
}

function factsOf(saga: SagaRecord, now: number): [string, string][] {
  const at = (time: number): string => `${moment(time)} (${relative(time, now)})`;
  const { deadlines, compensations, awaiting, undoing, reason, overdueAt, expiresAt } = saga;
  const facts: [string, string | undefined][] = [
    ['saga', `${saga.saga} ${saga.key}`],
    ['status', saga.status],
    ['reason', reason],
    ['started', at(saga.startedAt)],
    ['changed', `${at(saga.changedAt)}, revision ${saga.revision}`],
    ['overdue', overdueAt === undefined ? undefined : at(overdueAt)],
    ['undoes', undoing?.name],
    ['waits for', awaiting],
    [
      'deadlines',
      listed(Object.entries(deadlines).map(([name, { dueAt }]) => `${name} ${at(dueAt)}`)),
    ],
    ['to undo', listed(compensations.map(({ name }) => name).toReversed())],
    ['forgotten', expiresAt === undefined ? undefined : at(expiresAt * 1000)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

function listed(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.join('\n');
}

function renderHistory({ history, revision }: SagaRecord, width: number | undefined): string {
  const left = revision - history.length;
  const rows = history.map(({ at, type, eventId, status, ...note }) => [
    moment(at),
    type,
    eventId,
    status,
    renderDone(note),
  ]);
  const table = renderTable(['at', 'event', 'id', 'then', 'did'], rows, width);
  return left <= 0 ? table : `${table}\n(${left} more, after the first, are not kept)`;
}

function renderDone({ emitted = [], undone = [] }: Pick<SagaNote, 'emitted' | 'undone'>): string {
  return [...undone.map((name) => `undo ${name}`), ...emitted].join(', ');
}
