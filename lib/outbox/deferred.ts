import { contextKeys, type EventContext, type Row } from '../table/entry.ts';
import { deferredEntryKey, entryKey, waitingKey } from '../table/keys.ts';
import { pickDefined } from '../core/pick.ts';
import type { Draft } from '../events/draft.ts';
import type { Writer } from './writer.ts';

/** When an event is due that is not due yet at `now`. Epoch milliseconds. */
export function dueAfter(now: number, { deliverAt }: Partial<Draft> = {}): number | undefined {
  return deliverAt !== undefined && deliverAt > now ? deliverAt : undefined;
}

/**
 * Ids of events that were deferred when they were first written, and have come due since: written again, they
 * would go to another place than then, and be delivered twice.
 */
export async function findComeDue(
  drafts: readonly Draft[],
  now: number,
  writer: Writer,
): Promise<string[]> {
  const due = drafts.filter(({ deliverAt = Infinity }) => deliverAt <= now);
  const found = await Promise.all(due.map((draft) => findWritten(draft, writer)));
  return due.filter((_, index) => found[index] !== undefined).map(({ entry }) => entry.id);
}

/**
 * Drafts with the context that their events were written with before; `undefined` where one of them was not.
 *
 * The context differs from call to call: a trace names the invocation, a correlation id the request. With the one of
 * the first call a repeated call is the same transaction again, and its token says so.
 */
export async function withWrittenContext(
  drafts: readonly Draft[],
  writer: Writer,
): Promise<Draft[] | undefined> {
  const rows = await Promise.all(drafts.map((draft) => findWritten(draft, writer)));
  const written = drafts.flatMap((draft, index) => {
    const row = rows[index];
    return row === undefined ? [] : [{ ...draft, entry: inContext(draft.entry, row) }];
  });
  return written.length === drafts.length ? written : undefined;
}

function inContext(
  { id, type, version, aggregate, data }: Draft['entry'],
  row: Row,
): Draft['entry'] {
  return { id, type, version, aggregate, data, ...pickDefined(row as EventContext, contextKeys) };
}

/** The row of an event that was written before. */
async function findWritten(
  { entry, deliverAt }: Draft,
  { config: { tableName, shards }, transactor }: Writer,
): Promise<Row | undefined> {
  if (deliverAt === undefined) return transactor.get(tableName, { ...entryKey(entry, shards) });
  // In the order of its way: one that leaves the waiting room between two looks is met in its page.
  const waiting = await transactor.get(tableName, { ...waitingKey(entry) });
  return waiting ?? transactor.get(tableName, { ...deferredEntryKey(entry, shards) });
}
