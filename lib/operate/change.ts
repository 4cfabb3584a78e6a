import { definedOnly, groupBy, pickDefined } from '../core/collections.ts';
import type { Pace } from '../core/concurrency.ts';
import { cutToBytes } from '../core/redact.ts';
import { receiptsFor } from '../delivery/deliver.ts';
import { settlementOf } from '../sweeper/record.ts';
import type { Key } from '../table/keys.ts';
import type { AuditNote, OperateStore, Settlement } from '../table/stores.ts';
import {
  isInvalidRow,
  isPageless,
  summaryOf,
  type Waiting,
  type WaitingSummary,
} from '../table/waiting.ts';
import type { OperatePorts, Operator } from './ports.ts';

/** Gives a waiting entry another round of attempts, the first of them at once. */
export function redriveEntries(
  operator: Operator,
  destinations: readonly string[],
  ports: OperatePorts,
): Change {
  return async (before) => {
    const hindrance = redriveBlocker(summaryOf(before));
    if (hindrance !== undefined) return { status: 'refused', why: hindrance };
    const { store } = ports;
    // The note first: at worst it tells of a redrive that did not come about.
    await store.noteAudit(auditNote('redrive', before, { operator, ports }));
    const after = anotherRound(before, { now: ports.clock.now(), destinations });
    return { status: (await store.changeWaiting(before, after)) ? 'done' : 'changed' };
  };
}

/** Why an entry cannot be redriven; `undefined` where it can. Only valid entries have an id. */
export function redriveBlocker(
  row: Pick<WaitingSummary, 'id' | 'state' | 'dueAt'>,
): string | undefined {
  if (row.id === undefined) return 'the row holds no valid entry: it can only be discarded';
  if (row.state === 'deferred') {
    return `it is deferred until ${new Date(row.dueAt).toISOString()}, and is delivered then`;
  }
  if (row.state === 'held') {
    return 'it is held behind an earlier event of its aggregate: redrive that one, and this one follows';
  }
  return undefined;
}

/**
 * The row as if it had never been tried. A pending discard is cancelled.
 *
 * The sweeper sees to the sequence: one that is not the first in line goes back to being held.
 */
function anotherRound(
  before: Waiting,
  { now, destinations }: { now: number; destinations: readonly string[] },
): Waiting {
  const there = (before.missing ?? []).filter((name) => destinations.includes(name));
  return {
    ...pickDefined(before, [
      'entry',
      'blocksLane',
      'error',
      'recentAttempts',
      'lastTriedAt',
      'notInPage',
    ]),
    state: 'retrying',
    attempts: 0,
    dueAt: now,
    // A destination that was renamed or removed can never have it: then all that want its type get it.
    ...(there.length === 0 ? {} : { missing: there }),
  };
}

/**
 * Gives a waiting entry up, on the record.
 *
 * One with a sequence is not taken away at once: its consumers would wait for its sequence for ever. The
 * sweeper delivers a skip notice in its place, when its turn has come, and then takes it away. With
 * `notice: false` no skip notice is sent.
 */
export function discardEntries(
  { notice, ...operator }: Operator & { readonly notice: boolean },
  ports: OperatePorts,
): Change {
  return async (before) => {
    const note = auditNote('discard', before, { operator, ports });
    const isDone =
      notice && hasSequence(before)
        ? await ports.store.changeWaiting(before, givenUp(before, note))
        : await ports.store.removeWaiting(before, settlement(before, note, ports));
    return { status: isDone ? 'done' : 'changed' };
  };
}

function hasSequence({ entry }: Waiting): boolean {
  return !isInvalidRow(entry) && entry.sequence !== undefined;
}

/** The row on its way out, with attempts of its own for the skip notice, which waits for its turn as the entry did. */
function givenUp(before: Waiting, { id, at, by, reason: why }: AuditNote): Waiting {
  return {
    ...pickDefined(before, [
      'entry',
      'missing',
      'blocksLane',
      'error',
      'recentAttempts',
      'lastTriedAt',
    ]),
    ...(isPageless(before) ? { notInPage: true } : {}),
    state: before.state === 'held' ? 'held' : 'retrying',
    attempts: 0,
    dueAt: at,
    discard: { id, at, by, reason: why },
  };
}

function settlement({ entry }: Waiting, audit: AuditNote, ports: OperatePorts): Settlement {
  if (!isInvalidRow(entry)) return settlementOf(entry, audit, ports);
  const [receipt] = receiptsFor('discarded', { entries: [], invalidRows: [entry.key] }, ports);
  return { audit, ...definedOnly({ receipt }) };
}

/**
 * The outcome of a change to a row.
 *
 * - `changed`: somebody else changed it at the same moment; theirs stands.
 * - `gone`: it waits no longer.
 * - `refused`: it cannot be done to it.
 */
export type Changed =
  | { readonly status: 'done' | 'changed' | 'gone' }
  | { readonly status: 'refused'; readonly why: string };

/** Does something to one waiting row as it was read. */
export type Change = (before: Waiting) => Promise<Changed>;

export type ChangedRow = Changed & { readonly key: Key; readonly eventId?: string };

/** How often a row is read again after somebody else changed it. */
const maxTries = 3;

/**
 * Does something to each of the rows in turn, those of one aggregate in sequence, and yields the
 * outcome of each.
 *
 * An interrupted call can be repeated with the same selection to change the rest.
 */
export async function* changeEach(
  rows: readonly WaitingSummary[],
  change: Change,
  { store, pace }: { store: OperateStore; pace: Pace },
): AsyncGenerator<ChangedRow> {
  for (const { key, id } of rowsInSequence(rows)) {
    await pace();
    const changed = await changeRow(key, change, store);
    yield { ...changed, key, ...(id === undefined ? {} : { eventId: id }) };
  }
}

async function changeRow(key: Key, change: Change, store: OperateStore): Promise<Changed> {
  for (let tries = 1; ; tries++) {
    const before = await store.getWaiting(key);
    if (before === undefined) return { status: 'gone' };
    const changed = await change(before);
    if (changed.status !== 'changed' || tries === maxTries) return changed;
  }
}

/** The rows in the order they came in, but for those of one aggregate, which go in sequence. */
export function rowsInSequence(rows: readonly WaitingSummary[]): WaitingSummary[] {
  const lines = groupBy(rows, ({ aggregate, sequence, key }) =>
    aggregate === undefined || sequence === undefined ? `${key.pk}/${key.sk}` : aggregate,
  );
  return [...lines.values()].flatMap((line) =>
    line.toSorted((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0)),
  );
}

/** Bytes that are kept of a name and of a reason, so that they fit in the row of any entry. */
const maxNoteBytes = 1024;

/** The note of what a person does to what waits. Of a row that is no valid entry it names the row. */
function auditNote(
  action: AuditNote['action'],
  { entry }: Waiting,
  { operator, ports }: { operator: Operator; ports: Pick<OperatePorts, 'clock' | 'newId'> },
): AuditNote {
  const at = ports.clock.now();
  const by = cutToBytes(operator.by, maxNoteBytes);
  const why = cutToBytes(operator.reason, maxNoteBytes);
  const subject = isInvalidRow(entry)
    ? { eventId: `${entry.key.pk}/${entry.key.sk}` }
    : { eventId: entry.id, aggregate: entry.aggregate };
  return { id: ports.newId(at), action, at, by, reason: why, ...subject };
}
