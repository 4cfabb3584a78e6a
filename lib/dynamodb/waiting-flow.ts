import {
  ConditionalCheckFailedException,
  PutItemCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type Delete,
  type Put,
  type TransactWriteItem,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { inParallel } from '../core/concurrency.ts';
import { OutboxError } from '../core/errors.ts';
import { lateToRow } from '../table/archive.ts';
import { auditToRows } from '../table/audit.ts';
import { deferredEntryToRow, type Row } from '../table/entry.ts';
import { holdKey, table as names } from '../table/keys.ts';
import { receiptToRow } from '../table/receipt.ts';
import type { Settlement, SweepNotes, WaitingFlow } from '../table/stores.ts';
import { backdatedIndexKeys, rowToBackdated } from '../table/sweep-notes.ts';
import {
  claimedFrom,
  heldAggregateOf,
  holdCount,
  isInvalidRow,
  isPageless,
  keyOfWaiting,
  rowToSummary,
  rowToWaiting,
  waitingIndexKey,
  waitingIndexKeys,
  waitingToRow,
  type SeenWaiting,
  type Waiting,
  type WaitingSummary,
} from '../table/waiting.ts';
import { toItem, toItemKey, toRow, type Item } from './items.ts';
import {
  answersTo,
  ask,
  retryPolicy,
  retryUntilDone,
  type OutboxTable,
  type Question,
} from './outbox-table.ts';
import { toVerdict } from './transaction.ts';

/** The ways through the waiting room, each change on condition that the row is as it was seen. */
export function createWaitingFlow(
  table: OutboxTable,
  shards: number,
): Pick<WaitingFlow, 'firstInLine' | 'claimWaiting' | 'changeWaiting' | 'removeWaiting'> {
  const { tableName: TableName } = table;
  return {
    firstInLine: (aggregate) => firstInLine(table, aggregate),
    claimWaiting: (seen, until) => claim(table, seen, until),
    changeWaiting: (before, after) => {
      const put: Put = { TableName, Item: toItem(waitingToRow(after)), ...asSeen(before) };
      const count = countHolds(table, before, after);
      return count === undefined ? putIf(table, put) : transactIf(table, [{ Put: put }, count]);
    },
    removeWaiting: (before, settlement) => {
      const Key = toItemKey(keyOfWaiting(before.entry));
      const count = countHolds(table, before, undefined);
      return transactIf(table, [
        { Delete: { TableName, Key, ...asSeen(before) } },
        ...settlementRows(before, settlement, shards).map((row) => ({
          Put: { TableName, Item: toItem(row) },
        })),
        ...(count === undefined ? [] : [count]),
      ]);
    },
  };
}

async function firstInLine(table: OutboxTable, aggregate: string): Promise<Waiting | undefined> {
  const { pk, sk: hold } = holdKey(aggregate);
  let ExclusiveStartKey: Item | undefined;
  // Nearly always the first row is the one: to read more at once would only cost more.
  let Limit = 1;
  do {
    const answer = await ask(table, {
      // Sequences are digits, which sort before the hold row.
      KeyConditionExpression: 'pk = :pk AND sk < :hold',
      FilterExpression: 'blocksLane = :true',
      ExpressionAttributeValues: {
        ':pk': { S: pk },
        ':hold': { S: hold },
        ':true': { BOOL: true },
      },
      ExclusiveStartKey,
      Limit,
    });
    const [first] = answer.Items ?? [];
    if (first !== undefined) return rowToWaiting(toRow(first));
    ExclusiveStartKey = answer.LastEvaluatedKey;
    Limit *= 10;
  } while (ExclusiveStartKey !== undefined);
  return undefined;
}

/** The change of the count of an aggregate's holds that a change of one of its rows brings, if any. */
function countHolds(
  { tableName }: OutboxTable,
  before: Waiting,
  after: Waiting | undefined,
): TransactWriteItem | undefined {
  const aggregate = heldAggregateOf({ ...before, blocksLane: true });
  const delta = holdOf(after) - holdOf(before);
  if (aggregate === undefined || delta === 0) return undefined;
  return {
    Update: {
      TableName: tableName,
      Key: toItemKey(holdKey(aggregate)),
      UpdateExpression: `ADD ${holdCount} :delta`,
      ExpressionAttributeValues: { ':delta': { N: String(delta) } },
    },
  };
}

function holdOf(waiting: Waiting | undefined): 0 | 1 {
  return waiting?.blocksLane === true ? 1 : 0;
}

/** What is written when a row leaves the waiting room: why it does, and its entry where no page has it yet. */
export function settlementRows(
  before: Waiting,
  { receipt, audit, isLate }: Settlement,
  shards: number,
): Row[] {
  const { entry } = before;
  const rows = audit === undefined ? [] : auditToRows(audit);
  if (receipt === undefined) return rows;
  rows.push(receiptToRow(receipt, shards));
  if (isInvalidRow(entry)) return rows;
  const { expiresAt, outcome, time: outcomeAt } = receipt;
  if (isPageless(before)) rows.push(deferredEntryToRow(entry, { shards, expiresAt }));
  if (isLate === true) rows.push(lateToRow({ entry, outcome, outcomeAt, expiresAt }));
  return rows;
}

/** Rows of one key of the index that are listed at once. */
const rowsPerAnswer = 250;

/** What the waiting index answers: which rows are due, and how many there are. */
export function createWaitingIndex(
  table: OutboxTable,
): Pick<WaitingFlow, 'listWaiting' | 'countWaiting'> & Pick<SweepNotes, 'listBackdated'> {
  return {
    listBackdated: async function* (writtenBefore) {
      for (const key of backdatedIndexKeys) {
        for await (const { Items = [] } of answersTo(table, due(key, writtenBefore))) {
          if (Items.length > 0) yield Items.map((item) => rowToBackdated(toRow(item)));
        }
      }
    },
    listWaiting: (state, dueBy) =>
      mergeByDueTime(
        waitingIndexKeys(state).map((key) =>
          listKey(table, { ...due(key, dueBy), Limit: rowsPerAnswer }),
        ),
      ),
    countWaiting: async (state) => {
      const keys = waitingIndexKeys(state);
      const counts = await inParallel(keys, keys.length, (key) => countKey(table, key));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** One answer of each list at a time: each round is in order, and the next is roughly behind it. */
async function* mergeByDueTime(
  lists: readonly AsyncGenerator<WaitingSummary[], undefined>[],
): AsyncGenerator<WaitingSummary[], undefined> {
  for (let open = lists; open.length > 0;) {
    const answers = await inParallel(open, open.length, (list) => list.next());
    const rows = answers.flatMap(({ value }) => value ?? []);
    if (rows.length > 0) yield rows.toSorted((a, b) => a.dueAt - b.dueAt);
    open = open.filter((_, index) => answers[index]?.done === false);
  }
}

async function* listKey(
  table: OutboxTable,
  question: Question,
): AsyncGenerator<WaitingSummary[], undefined> {
  for await (const { Items = [] } of answersTo(table, question)) {
    yield Items.map((item) => rowToSummary(toRow(item)));
  }
}

async function countKey(table: OutboxTable, key: string): Promise<number> {
  let count = 0;
  for await (const { Count = 0 } of answersTo(table, { ...ofKey(key), Select: 'COUNT' })) {
    count += Count;
  }
  return count;
}

function due(key: string, dueBy: number): Question {
  const question = ofKey(key);
  return {
    ...question,
    KeyConditionExpression: `${question.KeyConditionExpression ?? ''} AND ${names.dueAt} <= :dueBy`,
    ExpressionAttributeValues: {
      ...question.ExpressionAttributeValues,
      ':dueBy': { N: String(dueBy) },
    },
  };
}

function ofKey(key: string): Question {
  return {
    IndexName: names.waitingIndex,
    KeyConditionExpression: `${names.waitingKey} = :key`,
    ExpressionAttributeValues: { ':key': { S: key } },
  };
}

/** A condition with its names and values. */
type Condition = Required<
  Pick<Delete, 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'>
>;

/** That a row is still as it was seen, and counts as a hold as it did. */
function asSeen({ state, attempts, dueAt, blocksLane }: Waiting): Condition {
  return areAsSeen({ state, attempts, dueAt, blocksLane });
}

/** Takes a row for one attempt. A conflict means that somebody else is at it. */
async function claim(
  { client, tableName }: OutboxTable,
  seen: SeenWaiting,
  until: number,
): Promise<Waiting | undefined> {
  try {
    const { Attributes = {} } = await client.send(
      new UpdateItemCommand({ TableName: tableName, ...claimOf(seen, until) }),
    );
    return rowToWaiting(toRow(Attributes));
  } catch (error) {
    const isTaken =
      error instanceof ConditionalCheckFailedException ||
      error instanceof TransactionConflictException;
    if (isTaken) return undefined;
    throw error;
  }
}

function claimOf(seen: SeenWaiting, until: number): Omit<UpdateItemCommandInput, 'TableName'> {
  const { key, state, attempts, dueAt } = seen;
  const condition = areAsSeen({ state, attempts, dueAt });
  const changes: Row = {
    ...claimedFrom(seen, until),
    [names.waitingKey]: waitingIndexKey(key, 'retrying'),
  };
  const sets = Object.keys(changes).map((name) => `#${name} = :${name}`);
  return {
    Key: toItemKey(key),
    UpdateExpression: `SET ${sets.join(', ')}`,
    ...condition,
    ExpressionAttributeNames: { ...condition.ExpressionAttributeNames, ...namesOf(changes) },
    ExpressionAttributeValues: {
      ...condition.ExpressionAttributeValues,
      ...valuesOf(changes, ':'),
    },
    ReturnValues: 'ALL_NEW',
  };
}

/** The condition that attributes are as they were read. A row written by hand may lack one. */
function areAsSeen(seen: Row): Condition {
  const clauses = Object.entries(seen).map(([name, value]) => {
    const isMissing = `attribute_not_exists(#${name})`;
    const isSame = `#${name} = :seen_${name}`;
    return value === undefined ? isMissing : isSame;
  });
  return {
    ConditionExpression: clauses.join(' AND '),
    ExpressionAttributeNames: namesOf(seen),
    ExpressionAttributeValues: valuesOf(seen, ':seen_'),
  };
}

function namesOf(row: Row): Record<string, string> {
  return Object.fromEntries(Object.keys(row).map((name) => [`#${name}`, name]));
}

function valuesOf(row: Row, prefix: string): Item {
  const named = Object.entries(row).map(([name, value]) => [`${prefix}${name}`, value] as const);
  return marshall(Object.fromEntries(named), { removeUndefinedValues: true });
}

/**
 * Writes one item if its condition holds, and returns whether it did. A conflict is tried again.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` after the last try
 */
function putIf(table: OutboxTable, put: Put): Promise<boolean> {
  return decide(table, async () => {
    try {
      await table.client.send(new PutItemCommand(put));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      if (error instanceof TransactionConflictException) return undefined;
      throw error;
    }
  });
}

/**
 * Writes all items if every condition holds, else none, and returns whether they did. A conflict is tried again.
 *
 * @throws OutboxError `TRANSACTION_CONFLICT` after the last try; `TRANSACTION_CANCELLED` for a reason that no
 * retry resolves
 */
function transactIf(table: OutboxTable, actions: readonly TransactWriteItem[]): Promise<boolean> {
  return decide(table, async () => {
    try {
      await table.client.send(new TransactWriteItemsCommand({ TransactItems: [...actions] }));
      return true;
    } catch (error) {
      if (error instanceof TransactionCanceledException) return conditionsHeld(error);
      throw error;
    }
  });
}

/** Tries until an attempt knows; one that met a conflict does not. */
async function decide(
  table: OutboxTable,
  attempt: () => Promise<boolean | undefined>,
): Promise<boolean> {
  let answer: boolean | undefined;
  await retryUntilDone(async () => {
    answer = await attempt();
    return answer !== undefined;
  }, table);
  if (answer === undefined) throw inConflict();
  return answer;
}

function conditionsHeld(cancellation: TransactionCanceledException): false | undefined {
  const codes = (cancellation.CancellationReasons ?? []).map(({ Code = 'None' }) => Code);
  const reasons = codes.map((code) => ({ code }));
  const verdict = toVerdict({ status: 'cancelled', reasons, cause: cancellation });
  if (verdict.status === 'condition-failed') return false;
  if (verdict.status === 'try-again') return undefined;
  throw new OutboxError(
    'TRANSACTION_CANCELLED',
    `the database refused a change of the waiting room: ${codes.join(', ')}`,
    { details: { codes }, cause: cancellation },
  );
}

function inConflict(): OutboxError {
  return new OutboxError(
    'TRANSACTION_CONFLICT',
    `a row of the waiting room could not be changed in ${retryPolicy.maxTries} tries: ` +
      'others write to it, or the table throttles; it is looked at again when it is due',
    { details: { tries: retryPolicy.maxTries } },
  );
}
