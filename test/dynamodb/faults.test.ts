import {
  GetItemCommand,
  TransactionCanceledException,
  TransactionConflictException,
  type BatchGetItemInput,
  type BatchGetItemCommandOutput,
  type BatchWriteItemInput,
  type BatchWriteItemCommandOutput,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';

import { holdKey } from '../../lib/table/keys.ts';
import { keyOfWaiting, waitingToRow, rowToSummary, type Waiting } from '../../lib/table/waiting.ts';
import { createDynamoDBSweepStore } from '../../lib/dynamodb/sweep-store.ts';
import { createDynamoDBStore } from '../../lib/dynamodb/outbox-store.ts';
import type { Store } from '../../lib/table/stores.ts';
import { aReceipt, aWaiting, anEntry, somePage } from '../support/entries.ts';
import { interfere, recordCalls, type Call } from '../support/interfere.ts';
import { createOutboxTable, localClient } from '../support/tables.ts';

let client: DynamoDBClient;
let tableName: string;
let store: Store;
let calls: Call[];
let sleeps: number[];

beforeEach(async () => {
  client = localClient();
  tableName = await createOutboxTable(client);
  sleeps = [];
  const clock = {
    now: () => 0,
    sleep: (ms: number) => {
      sleeps.push(ms);
      return Promise.resolve();
    },
  };
  store = createDynamoDBStore({ client, tableName, shards: 2, clock, random: () => 0.999 });
  calls = recordCalls(client);
});

const callsOf = (command: string): Call[] => calls.filter((call) => call.command === command);

describe('writing receipts', () => {
  const sizes = (): number[] =>
    callsOf('BatchWriteItemCommand').map(
      ({ input }) => (input as BatchWriteItemInput).RequestItems?.[tableName]?.length ?? 0,
    );

  it('sends at most 25 in one call', async () => {
    await store.addReceipts(Array.from({ length: 60 }, () => aReceipt()));

    expect(sizes()).toEqual([25, 25, 10]);
  });

  it('sends again what DynamoDB left, and only that, waiting longer each time', async () => {
    leaveOfWrites(5);
    const receipts = Array.from({ length: 12 }, () => aReceipt());

    await store.addReceipts(receipts);

    const page = await store.readPage(somePage);
    expect(new Set(page.receipts)).toEqual(new Set(receipts));
    expect(sizes()).toEqual([12, 7, 2]);
    expect(sleeps).toEqual([24, 49]);
  });

  it('gives up after its tries, saying how many are left', async () => {
    leaveOfWrites(0);

    const writing = store.addReceipts([aReceipt(), aReceipt()]);

    await expect(writing).rejects.toMatchObject({
      code: 'TABLE_THROTTLED',
      details: { tableName, left: 2, of: 2, tries: 8 },
    });
    expect(sizes()).toHaveLength(8);
    expect(sleeps).toEqual([24, 49, 99, 199, 399, 799, 999]);
  });

  /** Takes `most` items of each call and leaves the others. */
  function leaveOfWrites(most: number): void {
    interfere<BatchWriteItemInput, BatchWriteItemCommandOutput>(
      client,
      'BatchWriteItemCommand',
      async ({ RequestItems = {} }, proceed) => {
        const items = RequestItems[tableName] ?? [];
        const taken = items.slice(0, most);
        if (taken.length > 0) await proceed({ RequestItems: { [tableName]: taken } });
        const left = items.slice(most);
        return { $metadata: {}, UnprocessedItems: left.length === 0 ? {} : { [tableName]: left } };
      },
    );
  }
});

describe('looking for holds', () => {
  const sizes = (): number[] =>
    callsOf('BatchGetItemCommand').map(
      ({ input }) => (input as BatchGetItemInput).RequestItems?.[tableName]?.Keys?.length ?? 0,
    );
  const aggregates = Array.from({ length: 12 }, (_, index) => `order/${index}`);

  it('makes no call where nothing is asked for', async () => {
    await store.heldAggregates([]);

    expect(calls).toEqual([]);
  });

  it('asks for at most 100 in one call', async () => {
    await store.heldAggregates(Array.from({ length: 230 }, (_, index) => `order/${index}`));

    expect(sizes()).toEqual([100, 100, 30]);
  });

  it('asks again for what DynamoDB left, and only for that', async () => {
    await store.addWaiting(aggregates.map((aggregate) => holding(aggregate)));
    leaveOfReads(5);

    expect(await store.heldAggregates(aggregates)).toEqual(new Set(aggregates));
    expect(sizes()).toEqual([12, 7, 2]);
    expect(sleeps).toEqual([24, 49]);
  });

  it('fails where DynamoDB never answers for some: no hold is taken for none', async () => {
    await store.addWaiting(aggregates.map((aggregate) => holding(aggregate)));
    leaveOfReads(0);

    await expect(store.heldAggregates(aggregates)).rejects.toMatchObject({
      code: 'TABLE_THROTTLED',
      details: { left: 12, of: 12 },
    });
  });

  /** Answers for `most` keys of each call and leaves the others. */
  function leaveOfReads(most: number): void {
    interfere<BatchGetItemInput, BatchGetItemCommandOutput>(
      client,
      'BatchGetItemCommand',
      async ({ RequestItems = {} }, proceed) => {
        const keys = RequestItems[tableName]?.Keys ?? [];
        const asked = keys.slice(0, most);
        const left = keys.slice(most);
        const answer =
          asked.length === 0
            ? { $metadata: {} }
            : await proceed({ RequestItems: { [tableName]: { Keys: asked } } });
        return {
          ...answer,
          UnprocessedKeys: left.length === 0 ? {} : { [tableName]: { Keys: left } },
        };
      },
    );
  }
});

describe('adding to the waiting room', () => {
  it('tries a transaction again that was in conflict or throttled, and counts its hold once', async () => {
    cancelTransactions(
      ['TransactionConflict', 'None'],
      ['None', 'TransactionConflict'],
      ['ThrottlingError', 'ProvisionedThroughputExceeded'],
    );

    await store.addWaiting([holding('order/1')]);

    expect(callsOf('TransactWriteItemsCommand')).toHaveLength(4);
    expect(sleeps).toEqual([24, 49, 99]);
    expect(await holdsOn('order/1')).toBe('1');
  });

  it('takes a failed condition for an answer, whatever became of the hold', async () => {
    cancelTransactions(['ConditionalCheckFailed', 'TransactionConflict']);

    await store.addWaiting([holding('order/1')]);

    expect(callsOf('TransactWriteItemsCommand')).toHaveLength(1);
  });

  it('does not try again what can never succeed, and says why', async () => {
    cancelTransactions(['ValidationError', 'TransactionConflict']);

    await expect(store.addWaiting([holding('order/1')])).rejects.toMatchObject({
      code: 'TRANSACTION_CANCELLED',
      details: { codes: ['ValidationError', 'TransactionConflict'] },
    });
    expect(sleeps).toEqual([]);
  });

  it('gives up a transaction that is cancelled without a reason', async () => {
    cancelTransactions([]);

    await expect(store.addWaiting([holding('order/1')])).rejects.toMatchObject({
      code: 'TRANSACTION_CANCELLED',
    });
  });

  it('gives up after its tries where the conflict stays, naming the row', async () => {
    cancelTransactions(...Array.from({ length: 8 }, () => ['TransactionConflict', 'None']));
    const waiting = holding('order/1');

    await expect(store.addWaiting([waiting])).rejects.toMatchObject({
      code: 'TRANSACTION_CONFLICT',
      details: { ...keyOfWaiting(waiting.entry), tries: 8 },
    });
    expect(sleeps).toHaveLength(7);
  });

  it('tries again where somebody else is at the row of an entry that holds nobody', async () => {
    let conflicts = 2;
    interfere(client, 'PutItemCommand', (input, proceed) => {
      if (conflicts-- > 0) throw new TransactionConflictException({ message: '', $metadata: {} });
      return proceed(input);
    });
    const waiting = aWaiting();

    await store.addWaiting([waiting]);

    expect(await store.getWaiting(keyOfWaiting(waiting.entry))).toEqual(waiting);
    expect(sleeps).toEqual([24, 49]);
  });

  it('counts a hold once though the answer to its transaction was lost', async () => {
    let isCut = true;
    interfere(client, 'TransactWriteItemsCommand', async (input, proceed) => {
      const answer = await proceed(input);
      if (isCut) throw new Error('connection reset');
      return answer;
    });
    const waiting = [holding('order/1')];
    await expect(store.addWaiting(waiting)).rejects.toThrow('connection reset');

    isCut = false;
    await store.addWaiting(waiting);

    expect(await holdsOn('order/1')).toBe('1');
  });

  it('adds those of one aggregate in turn, and those of others at the same time', async () => {
    const running = new Map<string, number>();
    let mostAtOnce = 0;
    const isAlone: boolean[] = [];
    interfere(client, 'TransactWriteItemsCommand', async (input, proceed) => {
      const aggregate = /order\/\d/.exec(JSON.stringify(input))?.[0] ?? '';
      running.set(aggregate, (running.get(aggregate) ?? 0) + 1);
      isAlone.push(running.get(aggregate) === 1);
      mostAtOnce = Math.max(
        mostAtOnce,
        [...running.values()].reduce((a, b) => a + b),
      );
      const answer = await proceed(input);
      running.set(aggregate, 0);
      return answer;
    });

    await store.addWaiting(
      Array.from({ length: 12 }, (_, index) => holding(`order/${index % 3}`, index + 1)),
    );

    expect(isAlone).toEqual(Array.from({ length: 12 }, () => true));
    expect(mostAtOnce).toBe(3);
  });

  /** Cancels the first transactions, each for the reasons given; lets the others pass. */
  function cancelTransactions(...cancellations: string[][]): void {
    const due = [...cancellations];
    interfere(client, 'TransactWriteItemsCommand', (input, proceed) => {
      const codes = due.shift();
      if (codes === undefined) return proceed(input);
      throw new TransactionCanceledException({
        message: 'cancelled',
        $metadata: {},
        CancellationReasons: codes.map((Code) => ({ Code })),
      });
    });
  }
});

describe('reading', () => {
  it('is consistent, whatever is read', async () => {
    await store.readPage(somePage);
    await store.readLag(0);
    await store.getWaiting(keyOfWaiting(anEntry()));
    await store.heldAggregates(['order/1']);

    const flags = calls.map(({ input }) => JSON.stringify(input).includes('"ConsistentRead":true'));
    expect(flags).toEqual([true, true, true, true, true]);
  });

  it('passes on what the client throws', async () => {
    const elsewhere = createDynamoDBStore({ client, tableName: 'no-such-table', shards: 2 });

    await expect(elsewhere.readPage(somePage)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

function holding(aggregate: string, sequence = 1): Waiting {
  return aWaiting({ entry: anEntry({ aggregate, sequence }), blocksLane: true });
}

async function holdsOn(aggregate: string): Promise<string | undefined> {
  const { pk, sk } = holdKey(aggregate);
  const { Item } = await client.send(
    new GetItemCommand({ TableName: tableName, Key: { pk: { S: pk }, sk: { S: sk } } }),
  );
  return Item?.['waiting']?.N;
}

describe('claiming a waiting row', () => {
  it('leaves it to whoever is at it where both meet: a conflict is no failure', async () => {
    const sweepStore = createDynamoDBSweepStore({ client, tableName, shards: 2 });
    const waiting = aWaiting();
    await sweepStore.addWaiting([waiting]);
    interfere(client, 'UpdateItemCommand', () => {
      throw new TransactionConflictException({ message: 'busy', $metadata: {} });
    });

    const claimed = await sweepStore.claimWaiting(rowToSummary(waitingToRow(waiting)), 1);

    expect(claimed).toBeUndefined();
  });
});
