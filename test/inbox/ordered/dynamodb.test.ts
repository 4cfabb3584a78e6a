import {
  DynamoDBDocumentClient,
  type QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';

import type { Inbox } from '../../../lib/runtime.ts';
import { readRangeWith } from '../../../lib/inbox/ordered/history.ts';
import { messageOf } from '../../../lib/testing.ts';
import { committedTo, localDatabase } from '../../support/ordered-database.ts';
import { createOrderedWorld } from '../../support/ordered-world.ts';
import { seeded, shuffled } from '../../support/seeded.ts';
import { createKeyedTable, localClient } from '../../support/tables.ts';
import { OrderPlaced, placed } from '../support.ts';

const minuteMs = 60_000;

/** An ordered inbox on DynamoDB Local, and the sequences that were committed in it. */
async function localWorld(seed: number, adoptUntil?: number) {
  const documents = DynamoDBDocumentClient.from(localClient());
  const [table, effects] = await Promise.all([
    createKeyedTable(localClient()),
    createKeyedTable(localClient()),
  ]);
  const local = localDatabase(documents, table);
  const { transactor, committed } = committedTo(effects, local.transactor);
  const handlers = (inbox: Inbox): Inbox =>
    inbox.on(OrderPlaced, ({ aggregate, sequence = 0, replayId = 'live' }, tx) => {
      tx.put({
        TableName: effects,
        Item: { pk: aggregate, sk: `${replayId}/${sequence}`, aggregate, sequence },
        ConditionExpression: 'attribute_not_exists(pk)',
      });
    });
  const random = seeded(seed);
  const ordered = adoptUntil === undefined ? {} : { adoptUntil };
  const world = createOrderedWorld({
    database: { ...local, transactor },
    random,
    ordered,
    handlers,
  });
  const sequences = (order: string): unknown[] =>
    committed
      .filter(({ aggregate }) => aggregate === `order/${order}`)
      .map(({ sequence }) => sequence);
  return { ...world, random, sequences };
}

type LocalWorld = Awaited<ReturnType<typeof localWorld>>;

async function runAtOnce(world: LocalWorld, deaths: number): Promise<void> {
  while (world.queue.size() > 0) {
    const fates = [1, 2, 3].map(() =>
      world.random() < deaths
        ? { diesAt: 1 + Math.floor(world.random() * 8), afterTheCall: world.random() < 0.5 }
        : {},
    );
    await Promise.all(fates.map((fate) => world.work(fate)));
  }
}

test.each([1, 2, 3])(
  'shuffled and duplicated histories are handled in sequence by workers that compete and die (seed %d)',
  async (seed) => {
    const world = await localWorld(seed);
    const histories = ['a', 'b'].flatMap((order) =>
      [1, 2, 3, 4, 5, 6, 7, 8].map((sequence) => messageOf(placed(order), { sequence })),
    );
    world.deliver(...shuffled([...histories, ...histories], world.random));

    await runAtOnce(world, 0.3);

    expect([world.sequences('a'), world.sequences('b')]).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [1, 2, 3, 4, 5, 6, 7, 8],
    ]);
    expect(await world.kept()).toEqual([]);
  },
);

test('a gap is found by queries, an aggregate adopted, and what waits is put back', async () => {
  const world = await localWorld(4, Number.MAX_SAFE_INTEGER);
  world.deliver(...[58, 57].map((sequence) => messageOf(placed('a'), { sequence })));
  await runAtOnce(world, 0);
  world.clock.advance(2 * minuteMs);

  const found = await world.check();
  await runAtOnce(world, 0);
  const after = await world.check();

  expect(found).toEqual({ open: 1, oldestMs: 0, failed: 0 });
  expect(after).toEqual({ open: 0, oldestMs: 0, failed: 0 });
  expect(world.sequences('a')).toEqual([57, 58]);
});

test('what waits is read consistently: what came a moment ago must not be passed over', async () => {
  const queries: QueryCommandInput[] = [];
  const send = (command: QueryCommand): Promise<object> => {
    queries.push(command.input);
    return Promise.resolve({});
  };

  await readRangeWith({ send } as never)('inbox', { pk: 'p', from: 'a', to: 'b', limit: 1 });

  expect(queries).toMatchObject([{ ConsistentRead: true }]);
});

test('a replay is handled again, and what is new comes after it', async () => {
  const world = await localWorld(5);
  const history = [1, 2, 3].map((sequence) => messageOf(placed('a'), { sequence }));
  world.deliver(...history);
  await runAtOnce(world, 0);
  world.deliver(...history.slice(1).map((message) => ({ ...message, replayid: 'r' })));
  world.deliver(messageOf(placed('a'), { sequence: 4 }));
  await runAtOnce(world, 0);

  world.clock.advance(2 * minuteMs);
  await world.check();
  await runAtOnce(world, 0);

  expect(world.sequences('a')).toEqual([1, 2, 3, 2, 3, 4]);
  expect(await world.kept()).toEqual([]);
});
