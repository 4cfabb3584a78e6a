import { backdatedIndexKeys, rowToBackdated } from '../table/backdated.ts';
import { table as names } from '../table/keys.ts';
import { waitingIndexKeys } from '../table/waiting.ts';
import { rowToSummary, type WaitingSummary } from '../table/waiting-summary.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { SweepNotes, WaitingFlow } from '../table/sweep-store.ts';
import { toRow } from './item.ts';
import type { OutboxTable } from './outbox-table.ts';
import { answersTo, type Question } from './query.ts';

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
