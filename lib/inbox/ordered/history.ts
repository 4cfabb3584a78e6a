import { QueryCommand } from '@aws-sdk/client-dynamodb';

import type { InboxConfig } from '../../core/environment.ts';
import { OutboxError } from '../../core/errors.ts';
import type { Clock, Random } from '../../core/ports.ts';
import type { TransactItem, Transactor } from '../../dynamodb/actions.ts';
import { toRow, type Item, type ItemClient } from '../../dynamodb/items.ts';
import { commit, commitAlone, type CommitResult } from '../../dynamodb/transaction.ts';
import type { Row } from '../../table/entry.ts';
import { inboxTable, type Condition } from '../../table/inbox.ts';
import type { Key } from '../../table/keys.ts';
import {
  bufferedKey,
  bufferedToRow,
  cursorKey,
  cursorToRow,
  gapKey,
  gapToRow,
  isFreeFor,
  isUnchanged,
  rowToBuffered,
  rowToCursor,
  type Buffered,
  type Cursor,
  type Place,
} from '../../table/ordered.ts';

/** What reading and writing an inbox's place in its aggregates' histories takes. */
export interface HistoryPorts {
  readonly config: Pick<InboxConfig, 'name' | 'tableName'>;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly random: Random;
}

/** A change of a cursor: from what was read to what it becomes. */
export interface CursorChange {
  readonly place: Place;
  readonly before: Cursor;
  readonly after: Cursor;
}

/** Reads consistently: one read unit. */
export async function readCursor(
  place: Place,
  { config, transactor }: HistoryPorts,
): Promise<Cursor> {
  return rowToCursor(await transactor.get(config.tableName, { ...cursorKey(place) }));
}

/** The message that waits with a sequence, if there is one. */
export async function readBuffered(
  place: Place,
  sequence: number,
  { config, transactor }: HistoryPorts,
): Promise<Buffered | undefined> {
  const row = await transactor.get(config.tableName, { ...bufferedKey(place, sequence) });
  return row && rowToBuffered(row);
}

/**
 * The actions that move a cursor beyond a sequence: on the condition that it is unchanged. With the cursor
 * go the message, if it may be in the buffer and no other event is there with its sequence, and the row in the list
 * of gaps, if nothing waits any more.
 */
export function moveActions(
  { place, before, after }: CursorChange,
  handled: Pick<Buffered, 'sequence' | 'eventId'> | undefined,
  { config: { tableName } }: HistoryPorts,
): TransactItem[] {
  const { early = 0, gap } = before;
  const isBuffered = handled !== undefined && handled.sequence <= early;
  const isClosed = gap !== undefined && after.gap === undefined;
  const remove = (key: Key, condition: Partial<Condition> = {}): TransactItem => ({
    Delete: { TableName: tableName, Key: { ...key }, ...condition },
  });
  return [
    putCursor({ place, before, after }, tableName),
    ...(isBuffered
      ? [remove(bufferedKey(place, handled.sequence), isFreeFor(handled.eventId))]
      : []),
    ...(isClosed ? [remove(gapKey(place, gap))] : []),
  ];
}

/** Writes a cursor, unless somebody else has changed it. */
export async function changeCursor(
  change: CursorChange,
  ports: HistoryPorts,
): Promise<'changed' | 'overtaken'> {
  const [first, ...more] = moveActions(change, undefined, ports);
  if (first === undefined) return 'overtaken';
  const { transactor } = ports;
  const result =
    more.length === 0
      ? await commitAlone(transactor, first, ports)
      : await commit(transactor, [first, ...more], ports);
  return result.status === 'committed' ? 'changed' : 'overtaken';
}

/** What came of storing a message. `taken`: another event waits with its sequence. */
export type Stored = 'stored' | 'overtaken' | 'taken';

/**
 * Stores a message that came early, in one transaction with the cursor that it was found early by: it cannot miss
 * its turn, since the next worker that moves the cursor sees that something waits.
 *
 * @param buffered `undefined` where its row is there already
 */
export async function store(
  change: CursorChange,
  buffered: Buffered | undefined,
  ports: HistoryPorts,
): Promise<Stored> {
  const { tableName } = ports.config;
  const { place, before, after } = change;
  const isNewGap = before.gap === undefined && after.gap !== undefined;
  const actions = [
    putCursor(change, tableName),
    ...(buffered === undefined ? [] : [putBuffered(place, buffered, tableName)]),
    ...(isNewGap ? [{ Put: { TableName: tableName, Item: gapToRow(place, after.gap) } }] : []),
  ];
  const result = await tryToCommit(actions, ports);
  if (result === 'conflict') return 'overtaken';
  if (result.status === 'committed') return 'stored';
  return result.failures.some(({ index }) => index === 0) ? 'overtaken' : 'taken';
}

/** A single try: where others write the same items, the cursor is read anew. */
async function tryToCommit(
  actions: readonly TransactItem[],
  ports: HistoryPorts,
): Promise<CommitResult | 'conflict'> {
  try {
    return await commit(ports.transactor, actions, { ...ports, maxAttempts: 1 });
  } catch (error) {
    if (OutboxError.is(error, 'TRANSACTION_CONFLICT')) return 'conflict';
    throw error;
  }
}

function putCursor({ place, before, after }: CursorChange, TableName: string): TransactItem {
  return { Put: { TableName, Item: cursorToRow(place, after), ...isUnchanged(before) } };
}

function putBuffered(place: Place, buffered: Buffered, TableName: string): TransactItem {
  const Item = bufferedToRow(place, buffered);
  return { Put: { TableName, Item, ...isFreeFor(buffered.eventId) } };
}

/** Rows of one partition by their sort keys, both ends included, from the first on. */
export interface Range {
  readonly pk: string;
  readonly from: string;
  readonly to: string;
  /** The most rows that are read. */
  readonly limit: number;
}

/** Reads a range of a table, consistently: what is passed over must not have come a moment ago. */
export type ReadRange = (tableName: string, range: Range) => Promise<Row[]>;

/** Reads from DynamoDB, page by page until there are as many rows as asked for. */
export function readRangeWith(client: ItemClient): ReadRange {
  return async (tableName, { pk, from, to, limit }) => {
    const rows: Row[] = [];
    let start: Item | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
          ExpressionAttributeNames: { '#pk': inboxTable.pk, '#sk': inboxTable.sk },
          ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } },
          ConsistentRead: true,
          Limit: limit - rows.length,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      rows.push(...(page.Items ?? []).map(toRow));
      start = page.LastEvaluatedKey;
    } while (start !== undefined && rows.length < limit);
    return rows;
  };
}
