import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { SagaRecord } from '../../lib/table/saga.ts';
import type { EventDefinition } from '../../lib/runtime.ts';
import type { SagaEvent, SagaSnapshot } from '../../lib/saga/step.ts';
import { messageOf, type Message, type MemoryTransactor } from '../../lib/testing.ts';
import {
  fulfilment,
  OrderAmended,
  OrderPlaced,
  PaymentRefunded,
  PaymentTaken,
  StockMissing,
  StockReserved,
} from './fulfilment.ts';
import { memoryWorld, type SagaWorld } from './support.ts';

const answers = [OrderAmended, PaymentTaken, StockReserved, StockMissing, PaymentRefunded] as const;

/** Events of two sagas beside those that start them, and how they are delivered: which, in whose company. */
const histories = fc.record({
  events: fc.array(fc.record({ type: fc.nat(answers.length - 1), order: fc.nat(1) }), {
    maxLength: 9,
  }),
  deliveries: fc.array(fc.record({ event: fc.nat(10), invocation: fc.nat(3) }), { maxLength: 25 }),
  /** Invocations after which time passes, so that deadlines come. */
  pauses: fc.array(fc.nat(3), { maxLength: 2 }),
  turns: fc.array(fc.nat(3), { minLength: 1, maxLength: 50 }),
});

type History = typeof histories extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function make(definition: EventDefinition, order: number): Message {
  return messageOf(definition(String(order), { orderId: String(order) }));
}

/** A database whose answers come in whatever order is drawn. */
function unsteady(transactor: MemoryTransactor, turns: readonly number[]): MemoryTransactor {
  let turn = 0;
  const pause = async (): Promise<void> => {
    for (let left = turns[turn++ % turns.length] ?? 0; left > 0; left--) await Promise.resolve();
  };
  return {
    ...transactor,
    get: (...call) => pause().then(() => transactor.get(...call)),
    transact: (...call) => pause().then(() => transactor.transact(...call)),
  };
}

const pauseMs = 20 * 60_000;
/** Longer than all pauses: the promise holds for events that come again within the dedupe window. */
const dedupeWindowMs = 3 * pauseMs;

/** Delivers everything in the order, number and company drawn, and what was given back until nothing is. */
async function play({ events, deliveries, pauses, turns }: History) {
  const world = memoryWorld({ dedupeWindowMs });
  const transactor = unsteady(world.options.transactor as MemoryTransactor, turns);
  const handler = world.run(fulfilment, { transactor });
  const starts = [0, 1].map((order) => make(OrderPlaced as never, order));
  const others = events.map(({ type, order }) => make(answers[type] as never, order));
  const messages = [...starts, ...others];
  const seen = new Map<string, Message>(messages.map((message) => [message.id, message]));
  for (const invocation of [0, 1, 2, 3]) {
    const drawn = deliveries.filter((delivery) => delivery.invocation === invocation);
    const batch = drawn.flatMap(({ event }) => messages[event] ?? []);
    await Promise.all(batch.map((message) => world.deliver(handler, message)));
    if (pauses.includes(invocation)) world.clock.advance(pauseMs);
    for (const due of await world.due()) {
      seen.set(due.id, due);
      messages.push(due);
    }
  }
  for (let round = 0, open = messages; open.length > 0; round++) {
    expect(round).toBeLessThan(20);
    const failed = await Promise.all(open.map((message) => world.deliver(handler, message)));
    open = open.filter((_, index) => failed[index]?.[0]);
  }
  return { world, seen };
}

/** What a saga would be, and would have emitted, had its events come one by one in the order of its history. */
function serially(record: SagaRecord, seen: ReadonlyMap<string, Message>) {
  let saga: SagaSnapshot | undefined;
  const emits: string[] = [];
  const undone: string[] = [];
  for (const { eventId } of record.history) {
    const { subject, dataversion, ...event } = seen.get(eventId)!;
    const input = { ...event, aggregate: subject, version: dataversion } as unknown as SagaEvent;
    const result = fulfilment.transition(saga as never, input);
    saga = result.saga;
    emits.push(...result.emits.map(({ type }) => type));
    undone.push(...result.undone);
  }
  return { saga, emits, undone };
}

const compensating = ['stock.release', 'payment.refund', 'order.cancel'];

async function expectSerial(world: SagaWorld, seen: ReadonlyMap<string, Message>): Promise<void> {
  const rows = await world.rowsOf(world.tables.outbox);
  for (const record of await world.sagas()) {
    const { saga, emits, undone } = serially(record, seen);
    expect(record).toMatchObject({ status: saga?.status, revision: saga?.revision });
    expect(JSON.parse(record.state)).toEqual(saga?.state);
    expect(record.history).toHaveLength(record.revision);

    const emitted = rows
      .filter(
        ({ sk, aggregate }) => String(sk).startsWith('e#') && aggregate === `order/${record.key}`,
      )
      .map(({ type }) => String(type));
    // Payments that came too late are given back by an answer of their own.
    const late = emitted.length - emits.length;
    const refundsLate = Array.from({ length: late }, () => 'payment.refund');
    expect(emitted.toSorted()).toEqual([...emits, ...refundsLate].toSorted());

    const stocks = record.history.filter(({ type }) => type === 'payment.taken').map(() => 'stock');
    const owed = ['order', 'payment', ...stocks].toReversed();
    expect(undone).toEqual(owed.slice(0, undone.length));
    expect(emits.filter((type) => compensating.includes(type))).toHaveLength(undone.length);
    if (record.status === 'compensated') expect(undone).toEqual(owed);
  }
}

/** The event that starts the saga comes again, as late as it can. */
const completedBeforeTwoPauses: History = {
  events: [{ type: answers.indexOf(StockReserved), order: 0 }],
  deliveries: [
    { event: 0, invocation: 0 },
    { event: 2, invocation: 1 },
  ],
  ...{ pauses: [1, 2], turns: [0] },
};

test('whatever the order, number and company of events, a saga ends as if they had come one by one', async () => {
  const check = async (history: History): Promise<void> => {
    const { world, seen } = await play(history);

    expect(await world.sagas()).toHaveLength(2);
    await expectSerial(world, seen);
  };

  await fc.assert(fc.asyncProperty(histories, check), {
    numRuns: Number(process.env['RUNS'] ?? 60),
    examples: [[completedBeforeTwoPauses]],
  });
});

test('events that change the same thing are all there in the end', async () => {
  const counts = fc.record({
    amendments: fc.integer({ min: 1, max: 8 }),
    turns: fc.array(fc.nat(4), { minLength: 1, maxLength: 30 }),
  });
  const check = async ({ amendments, turns }: { amendments: number; turns: number[] }) => {
    const type = answers.indexOf(OrderAmended);
    const events = Array.from({ length: amendments }, () => ({ type, order: 0 }));
    const deliveries = [0, ...events.map((_, index) => index + 2)].map((event) => ({
      event,
      invocation: event === 0 ? 0 : 1,
    }));

    const { world } = await play({ events, deliveries, pauses: [], turns });

    const saga = (await world.sagas()).find(({ key }) => key === '0');
    expect(JSON.parse(saga?.state ?? '')).toMatchObject({ steps: 1 + amendments });
  };

  await fc.assert(fc.asyncProperty(counts, check), { numRuns: 30 });
});
