import { QueryCommand, type BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  PutCommand,
  TransactWriteCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { WriterConfig } from '../../lib/core/environment.ts';
import { isInvalidEntry, rowToEntry } from '../../lib/table/entry.ts';
import type { OutboxEvent } from '../../lib/runtime.ts';
import { toItem } from '../../lib/dynamodb/items.ts';
import { openReconciliation } from '../../lib/reconciliation/reconciliation.ts';
import type { ReconciliationWindow } from '../../lib/reconciliation/window.ts';
import type { TransactionResult } from '../../lib/dynamodb/actions.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { createMemoryTransactor } from '../../lib/testing.ts';
import { createMemoryTable } from '../../lib/testing/memory-table.ts';
import { dyingAt } from '../support/dying.ts';
import { OrderPlaced, writerConfig } from '../support/orders.ts';
import { recordingLog } from '../support/world.ts';

const minute = 60_000;
const start = Date.UTC(2026, 10, 21, 4);

beforeEach(() => {
  // Events take their ids from the system's clock.
  vi.useFakeTimers({ toFake: ['Date'], now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Events of one aggregate and moment, or with sequences a minute apart, of which some were written. */
const someAggregate = fc.record({
  /** When the first item is written, as a part of the time in which runs crash. */
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  written: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
  hasSequence: fc.boolean(),
});

/** Where a run ends: at a call of any kind, most of which are reads, or at one of the few writes. */
const somePlace = fc.oneof(
  fc.record({ counts: fc.constant('all'), call: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ counts: fc.constant('writes'), call: fc.integer({ min: 1, max: 8 }) }),
);

/** How it ends there: it dies, before or after the call takes effect, or its time is up. */
const someEnd = fc.tuple(somePlace, fc.constantFrom('dies before', 'dies after', 'is late'));

/** The invocations of a schedule, one after the other or at once: Lambda repeats what fails, and schedules come twice. */
const someSchedule = fc.record({
  runs: fc.array(fc.record({ after: fc.nat(150_000), end: fc.option(someEnd) }), {
    minLength: 1,
    maxLength: 3,
  }),
  atOnce: fc.boolean(),
});

const circumstances = fc.record({
  scheduleMinutes: fc.integer({ min: 15, max: 180 }),
  /** The window, in schedules. */
  windows: fc.double({ min: 0.5, max: 2.5, noNaN: true }),
  aggregates: fc.array(someAggregate, { minLength: 1, maxLength: 8 }),
  schedules: fc.array(someSchedule, { minLength: 1, maxLength: 4 }),
});

test('what is missing is written exactly once within two schedules, wherever runs crash', async () => {
  await fc.assert(
    fc.asyncProperty(circumstances, async ({ scheduleMinutes, windows, aggregates, schedules }) => {
      const scheduleMs = scheduleMinutes * minute;
      const world = createWorld(Math.ceil(windows * scheduleMs));
      const items = aggregates.flatMap((aggregate, index) =>
        itemsOf(String(index), aggregate, start + aggregate.at * schedules.length * scheduleMs),
      );

      world.set(start);
      await world.run([], null);
      await world.write(items.filter(({ isWritten }) => isWritten));
      for (const [index, { runs, atOnce }] of schedules.entries()) {
        world.set(start + (index + 1) * scheduleMs);
        if (atOnce) await Promise.all(runs.map(({ end }) => world.run(items, end)));
        else
          for (const { after, end } of runs) {
            world.advance(after);
            await world.run(items, end);
          }
      }
      for (const later of [1, 2]) {
        world.set(start + (schedules.length + later) * scheduleMs);
        await world.run(items, null);
      }

      expect(world.entries()).toEqual(items.map(nameOf).toSorted());
    }),
    { numRuns: 100 },
  );
});

interface Item {
  readonly id: string;
  readonly at: number;
  readonly sequence?: number;
  readonly isWritten: boolean;
}

type Drawn<T> = T extends fc.Arbitrary<infer Value> ? Value : never;

function itemsOf(
  id: string,
  { written, hasSequence }: Drawn<typeof someAggregate>,
  at: number,
): Item[] {
  return written.map((isWritten, index) =>
    hasSequence
      ? { id, at: at + index * minute, sequence: index + 1, isWritten }
      : { id, at, isWritten },
  );
}

function eventOf({ id, sequence }: Item): OutboxEvent {
  return OrderPlaced(id, { total: 1 }, sequence === undefined ? {} : { sequence });
}

function nameOf({ id, sequence }: Item): string {
  return `order/${id} ${sequence ?? ''}`;
}

/** A table in memory, and runs of a reconciliation at the system's time. */
function createWorld(windowMs: number) {
  const table = createMemoryTable();
  const outbox: WriterConfig = writerConfig('outbox', { shards: 1 });
  const client = clientOf(table);
  const set = (time: number): void => void vi.setSystemTime(Math.floor(time));
  const advance = (ms: number): void => {
    set(Date.now() + ms);
  };
  const clock = {
    now: () => Date.now(),
    sleep: (ms: number) => {
      advance(ms);
      return Promise.resolve();
    },
  };
  return {
    set,
    advance,
    write: async (items: readonly Item[]): Promise<void> => {
      for (const item of items) {
        set(item.at);
        await openOutbox(outbox, { documentClient: client, clock }).write({
          events: [eventOf(item)],
        });
      }
    },
    run: async (items: readonly Item[], end: Drawn<typeof someEnd> | null): Promise<void> => {
      const expectedEvents = async function* ({ since, until }: ReconciliationWindow) {
        for (const item of items) {
          if (item.at < since || item.at >= until) continue;
          yield await Promise.resolve(eventOf(item));
        }
      };
      const { timeLeft, ...ports } = endingAt(end, { client, expectedEvents });
      const run = openReconciliation(
        {
          ...{ name: 'orders', tableName: 'outbox', shards: 1, source: 'orders', windowMs },
          ...{ mode: 'repair' as const, consumers: [], outbox },
        },
        { ...ports, clock, logger: recordingLog(), metrics: noMetrics },
      );
      const running = run({}, { getRemainingTimeInMillis: timeLeft });
      await (end === null ? running : running.catch(() => undefined));
    },
    /** What is in the outbox, as `nameOf` has it. */
    entries: (): string[] =>
      table
        .rows()
        .map(rowToEntry)
        .flatMap((entry) => (isInvalidEntry(entry) ? [] : [entry]))
        .map(({ aggregate, sequence }) => `${aggregate} ${sequence ?? ''}`)
        .toSorted(),
  };
}

const noMetrics = {
  addDimension: () => undefined,
  addMetric: () => undefined,
  publishStoredMetrics: () => undefined,
};

interface Ports {
  readonly client: DynamoDBDocumentClient;
  readonly expectedEvents: (window: ReconciliationWindow) => AsyncGenerator<OutboxEvent>;
}

/** The ports of a run that ends as drawn. */
function endingAt(end: Drawn<typeof someEnd> | null, { client, expectedEvents }: Ports) {
  const [{ counts, call }, how] = end ?? [{ counts: 'all', call: Infinity }, 'is late'];
  let calls = 0;
  const dying = dyingAt(how === 'is late' ? Infinity : call, {
    afterTheCall: how === 'dies after',
  });
  const mortal = dying.of({ send: (command: never) => client.send(command) });
  const send = (command: never): unknown => {
    const isWrite = [TransactWriteCommand, PutCommand].some(
      (write) => (command as object) instanceof write,
    );
    if (counts === 'writes' && !isWrite && !dying.isDead()) return client.send(command);
    calls += 1;
    return mortal.send(command);
  };
  const timeLeft = (): number => (how === 'is late' && calls >= call ? 1_000 : 60_000);
  return { expectedEvents, documentClient: clientWith(send), timeLeft };
}

/** A document client of a table in memory, as far as a reconciliation needs one. */
function clientOf(table: ReturnType<typeof createMemoryTable>): DynamoDBDocumentClient {
  const database = createMemoryTransactor({ outbox: table });
  const read = (command: QueryCommand | BatchGetItemCommand): object => {
    if (command instanceof QueryCommand) {
      return { Items: table.query(command.input.ExpressionAttributeValues?.[':pk']?.S ?? '') };
    }
    const keys = command.input.RequestItems?.['outbox']?.Keys ?? [];
    const found = keys.map(({ pk, sk }) =>
      table.query(pk?.S ?? '').filter((item) => item['sk']?.S === sk?.S),
    );
    return { Responses: { outbox: found.flat() } };
  };
  const send = async (command: unknown): Promise<object> => {
    if (command instanceof TransactWriteCommand) {
      const { TransactItems = [], ClientRequestToken = '' } = command.input;
      return answerOf(await database.transact(TransactItems, ClientRequestToken));
    }
    if (command instanceof PutCommand)
      return answerOf(await database.write({ Put: command.input }));
    return Promise.resolve(read(command as QueryCommand));
  };
  return clientWith(send);
}

function clientWith(send: (command: never) => unknown): DynamoDBDocumentClient {
  return { send, config: {} } as unknown as DynamoDBDocumentClient;
}

function answerOf(result: TransactionResult): object {
  if (result.status !== 'cancelled') return {};
  const CancellationReasons = result.reasons.map(({ code, row }) => ({
    Code: code,
    ...(row === undefined ? {} : { Item: toItem(row) }),
  }));
  throw Object.assign(new Error('cancelled'), {
    name: 'TransactionCanceledException',
    CancellationReasons,
  });
}
