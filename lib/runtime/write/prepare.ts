import { entryToRow, type Entry, type EventContext } from '../../contract/entry.ts';
import type { WriterConfig } from '../../contract/environment.ts';
import { table } from '../../contract/keys.ts';
import { pickDefined } from '../../contract/pick.ts';
import { checkAccepted, checkEntrySize, checkFresh } from './check-entry.ts';
import { draftEvents, type Draft } from '../event/draft.ts';
import type { OutboxEvent } from '../event/event.ts';
import { numberDrafts } from './sequence.ts';
import type { Action } from '../transaction/transactor.ts';
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
}

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
  const drafts = await draftEvents(events, context);
  const now = writer.clock.now();
  drafts.forEach(({ entry }) => {
    checkFresh(entry, now);
  });
  return drafts;
}

/**
 * The actions that write drafts. Reads the counters of aggregates whose events ask for the next
 * sequence; after a lost race, call it again.
 *
 * @throws OutboxError `EVENT_TYPE_UNWANTED`, `MESSAGE_TOO_LARGE`, `ENTRY_TOO_LARGE`, `TABLE_NOT_FOUND`
 */
export async function prepareDrafts(writer: Writer, drafts: readonly Draft[]): Promise<Prepared> {
  const { config, transactor } = writer;
  const { entries, counters } = await numberDrafts(drafts, {
    transactor,
    tableName: config.tableName,
  });
  return {
    counters,
    puts: entries.map((entry) => putEntry(entry, config)),
    events: entries.map((entry) => pickDefined(entry, ['id', 'type', 'sequence'])),
  };
}

function putEntry(entry: Entry, config: WriterConfig): Action {
  checkAccepted(entry, config.accepts);
  const Item = entryToRow(entry, config);
  checkEntrySize(entry, Item);
  const notWrittenBefore = `attribute_not_exists(${table.pk})`;
  return { Put: { TableName: config.tableName, Item, ConditionExpression: notWrittenBefore } };
}
