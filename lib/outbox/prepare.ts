import { entryToRow, type Entry, type EventContext } from '../table/entry.ts';
import type { WriterConfig } from '../core/environment.ts';
import { backdatedAfterMs, backdatedToRow } from '../table/backdated.ts';
import { groupBy } from '../core/group-by.ts';
import { pageOf, table, timeOfId } from '../table/keys.ts';
import { pickDefined } from '../core/pick.ts';
import { waitingToRow } from '../table/waiting.ts';
import { checkAccepted, checkEntrySize, checkFresh } from './check-entry.ts';
import { dueAfter, findComeDue } from './deferred.ts';
import { draftEvents, type Draft } from '../events/draft.ts';
import type { OutboxEvent } from '../events/event.ts';
import { numberDrafts } from './sequence.ts';
import type { Action } from '../dynamodb/transactor.ts';
import type { Writer } from './writer.ts';

/** An event as it is written: its number is known. */
export interface WrittenEvent {
  readonly id: string;
  readonly type: string;
  readonly sequence?: number;
}

/** The actions that write events. */
export interface Prepared {
  /** One per aggregate with events that ask for the next sequence; they fail when another writer was faster. */
  readonly counters: readonly Action[];
  /** One per event, in their order; they fail where the event was written before. */
  readonly puts: readonly Action[];
  readonly events: readonly WrittenEvent[];
  /** What tells the sweeper of pages that it may have swept by the time the events are written. Unconditional. */
  readonly notes: readonly Action[];
  /** Ids of events that were written before, and have come due since. */
  readonly alreadyWritten: readonly string[];
}

/** When events are written that are prepared now. */
export type WrittenWhen =
  /** At once: a page is noted only where an id is a minute old already. */
  | 'now'
  /** Within the hour: each page is noted. */
  | 'later'
  /** At once, or again by the same call later: each page is noted, and always in the same way. */
  | 'repeatedly';

/**
 * Checks and validates events, all but what their sequence adds to.
 *
 * @throws OutboxError what {@link draftEvents} finds; `EVENT_STALE`
 */
export async function draftWrite(
  writer: Writer,
  events: readonly OutboxEvent[],
  context?: EventContext,
): Promise<Draft[]> {
  const drafts = await draftEvents(events, context, writer.trace);
  const now = writer.clock.now();
  drafts.forEach((draft) => {
    checkFresh(draft, now);
  });
  return drafts;
}

/**
 * The actions that write drafts. Reads the counters of aggregates whose events ask for the next
 * sequence; after a lost race, call it again.
 *
 * @throws OutboxError `EVENT_TYPE_UNWANTED`, `MESSAGE_TOO_LARGE`, `ENTRY_TOO_LARGE`, `TABLE_NOT_FOUND`
 */
export async function prepareDrafts(
  writer: Writer,
  drafts: readonly Draft[],
  when: WrittenWhen,
): Promise<Prepared> {
  const { config, transactor, clock } = writer;
  const now = clock.now();
  const alreadyWritten = await findComeDue(drafts, now, writer);
  const { entries, counters } = await numberDrafts(drafts, {
    transactor,
    tableName: config.tableName,
  });
  return {
    counters,
    puts: entries.map((entry, index) =>
      putEntry(entry, { config, dueAt: dueAfter(now, drafts[index]) }),
    ),
    notes: noteBackdated(
      entries.filter((_, index) => dueAfter(now, drafts[index]) === undefined),
      { config, now, when },
    ),
    events: entries.map((entry) => pickDefined(entry, ['id', 'type', 'sequence'])),
    alreadyWritten,
  };
}

/** One note for each page, under the first of its events. */
function noteBackdated(
  entries: readonly Entry[],
  { config, now, when }: { config: WriterConfig; now: number; when: WrittenWhen },
): Action[] {
  const backdated = entries.filter(
    ({ id }) => when !== 'now' || now - timeOfId(id) >= backdatedAfterMs,
  );
  const byPage = groupBy(backdated, ({ id }) => pageOf(timeOfId(id)));
  return [...byPage.values()].flatMap(([first]) => {
    if (first === undefined) return [];
    const writtenAt = when === 'repeatedly' ? timeOfId(first.id) : now;
    const Item = backdatedToRow(first.id, { writtenAt, retentionMs: config.retentionMs });
    return { Put: { TableName: config.tableName, Item } };
  });
}

/** Writes an entry to its page, or where it is due later to the waiting room. */
function putEntry(
  entry: Entry,
  { config, dueAt }: { config: WriterConfig; dueAt: number | undefined },
): Action {
  checkAccepted(entry, config.accepts);
  const Item =
    dueAt === undefined
      ? entryToRow(entry, config)
      : waitingToRow({ entry, state: 'deferred', dueAt, attempts: 0, holds: false });
  checkEntrySize(entry, Item);
  const notWrittenBefore = `attribute_not_exists(${table.pk})`;
  return { Put: { TableName: config.tableName, Item, ConditionExpression: notWrittenBefore } };
}
