import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { defineEvent } from '../../lib/events/define-event.ts';
import { defineSaga } from '../../lib/saga/define-saga.ts';
import { messageOf, type Message } from '../../lib/testing.ts';
import {
  fulfilment,
  OrderAmended,
  OrderPlaced,
  PaymentTaken,
  StockMissing,
  StockReserved,
} from './fulfilment.ts';
import { localWorld, memoryWorld } from './support.ts';

const data = { orderId: '42' };
const minute = 60_000;
/** Longer than a clock may be ahead. */
const remembering = { dedupeWindowMs: 90 * minute };
const placed = messageOf(OrderPlaced('42', data));
const paid = messageOf(PaymentTaken('42', data));
const reserved = messageOf(StockReserved('42', data));

function replayed(message: Message, replayid = 'r-1'): Message {
  return { ...message, replayid };
}

/** The time of a message is that of the wall clock: the world's clock begins there too. */
function at(message: Message, epochMs: number): Message {
  return { ...message, time: new Date(epochMs).toISOString() };
}

const amended = messageOf(OrderAmended('42', data));

const counting = defineSaga('counting', {
  state: z.object({ amended: z.number() }),
  key: 'orderId',
})
  .startedBy(OrderPlaced, (saga) => {
    saga.setState({ amended: 0 });
  })
  .on(OrderAmended, (saga) => {
    saga.setState({ amended: saga.state.amended + 1 });
  })
  .on(StockReserved, (saga) => {
    saga.complete();
  });

describe('a replay', () => {
  it('does not answer again what a saga answered that has ended well', async () => {
    const world = await localWorld(remembering);
    const handler = world.run(fulfilment);
    for (const message of [placed, paid, reserved]) await world.deliver(handler, message);
    const before = { sagas: await world.sagas(), types: await world.emittedTypes() };

    const all = [placed, paid, reserved].map((message) => replayed(message));
    expect(await world.deliver(handler, ...all)).toEqual([false, false, false]);

    expect(await world.sagas()).toEqual(before.sagas);
    expect(await world.emittedTypes()).toEqual(before.types);
    expect(world.counts).toMatchObject({ MessagesDuplicate: 3 });
  });

  it('does not answer again what a running saga answered', async () => {
    const world = memoryWorld(remembering);
    const handler = world.run(fulfilment);
    for (const message of [placed, paid]) await world.deliver(handler, message);

    await world.deliver(handler, replayed(paid), replayed(paid, 'r-2'));
    await world.deliver(handler, messageOf(StockMissing('42', data)));

    const [saga] = await world.sagas();
    expect(saga?.history.at(-1)).toMatchObject({ undone: ['stock', 'payment'] });
    const once = ['payment.refund', 'payment.take', 'stock.release', 'stock.reserve'];
    expect((await world.emittedTypes()).toSorted()).toEqual(once);
  });

  it('brings a running saga what it missed, once, also where it comes before the redelivery', async () => {
    const world = memoryWorld(remembering);
    const handler = world.run(fulfilment);
    await world.deliver(handler, placed);

    await world.deliver(handler, replayed(paid));
    await world.deliver(handler, paid, replayed(paid, 'r-2'));

    expect(await world.sagas()).toMatchObject([{ revision: 2, state: /"paid":true/ }]);
  });

  it('of what was answered is a duplicate, though it is refused by now', async () => {
    const stricter = defineEvent('order.placed', { ...OrderPlaced, schema: z.never() });
    const starting = (event: typeof OrderPlaced) =>
      defineSaga('strict', { state: z.object({}), key: 'orderId' }).startedBy(event, (saga) => {
        saga.setState({});
      });
    const world = memoryWorld(remembering);
    await world.deliver(world.run(starting(OrderPlaced)), placed);

    await world.deliver(world.run(starting(stricter as never)), replayed(placed));

    expect(world.sqs.sent).toEqual([]);
    expect(world.counts).toMatchObject({ MessagesDuplicate: 1 });
  });

  it('leaves alone what a saga may have answered longer ago than it remembers', async () => {
    const world = memoryWorld();
    const handler = world.run(fulfilment);
    await world.deliver(handler, placed, paid);
    const old = world.clock.now();
    world.clock.advance(world.settings.dedupeWindowMs + minute);
    await world.deliver(handler, reserved);
    const before = await world.sagas();

    expect(await world.deliver(handler, at(replayed(paid), old))).toEqual([false]);

    expect(await world.sagas()).toEqual(before);
    expect(await world.emittedTypes()).not.toContain('payment.refund');
  });

  it('leaves alone what an earlier saga of that key answered, for all that the one there is young', async () => {
    const world = memoryWorld(remembering);
    const handler = world.run(counting);
    for (const message of [placed, amended, reserved]) await world.deliver(handler, message);
    world.clock.advance(world.settings.dedupeWindowMs + minute);
    await world.deliver(handler, messageOf(OrderPlaced('42', data)));

    expect(await world.deliver(handler, replayed(amended))).toEqual([false]);

    expect(await world.sagas()).toMatchObject([{ revision: 1, state: '{"amended":0}' }]);
  });

  it('leaves alone what was answered before its time, by a clock behind that of who made it', async () => {
    const world = memoryWorld(remembering);
    const handler = world.run(counting);
    const ahead = at(amended, world.clock.now() + 59 * minute);
    await world.deliver(handler, placed, ahead);
    world.clock.advance(world.settings.dedupeWindowMs + minute);

    expect(await world.deliver(handler, replayed(ahead))).toEqual([false]);

    expect(await world.sagas()).toMatchObject([{ revision: 2, state: '{"amended":1}' }]);
  });

  it('of an event whose time is no date goes to the dead-letter queue', async () => {
    const world = memoryWorld(remembering);
    const handler = world.run(counting);
    await world.deliver(handler, placed);

    await world.deliver(handler, { ...replayed(amended), time: 'yesterday' });

    expect(world.sqs.sent).toMatchObject([
      {
        MessageAttributes: {
          outboxErrorCode: { StringValue: 'MESSAGE_INVALID' },
          outboxErrorMessage: { StringValue: 'missing or malformed: time' },
        },
      },
    ]);
    expect(await world.sagas()).toMatchObject([{ revision: 1 }]);
  });

  it('still brings a deadline that an old saga has set', async () => {
    const patient = defineSaga('patient', { state: z.object({}), key: 'orderId' })
      .onDeadline('reply', (saga) => {
        saga.complete();
      })
      .startedBy(OrderPlaced, (saga) => {
        saga.setState({});
        saga.setDeadline('reply', { minutes: 15 });
      });
    const world = memoryWorld();
    const handler = world.run(patient);
    await world.deliver(handler, placed);
    world.clock.advance(15 * minute);
    const [due] = await world.due();
    world.clock.advance(world.settings.dedupeWindowMs + minute);

    await world.deliver(handler, replayed(due!));

    expect(await world.sagas()).toMatchObject([{ status: 'completed' }]);
  });

  it('of a saga that is forgotten is acknowledged, and not remembered', async () => {
    const world = memoryWorld();
    const handler = world.run(fulfilment);
    for (const message of [placed, paid, reserved]) await world.deliver(handler, message);
    world.clock.advance(world.settings.dedupeWindowMs + minute);
    const missed = messageOf(PaymentTaken('7', { orderId: '7' }));

    const all = [replayed(placed), replayed(paid), replayed(missed)];
    expect(await world.deliver(handler, ...all)).toEqual([false, false, false]);
    expect(await world.sagas()).toMatchObject([{ status: 'completed' }]);

    await world.deliver(handler, messageOf(OrderPlaced('7', { orderId: '7' })));
    await world.deliver(handler, missed);
    const sagas = await world.sagas();
    expect(sagas.find(({ key }) => key === '7')).toMatchObject({ revision: 2 });
  });
});

describe('a saga that a replay may start', () => {
  const willing = defineSaga('willing', {
    state: z.object({ amended: z.number() }),
    key: 'orderId',
    startsOnReplay: true,
  })
    .startedBy(OrderPlaced, (saga) => {
      saga.setState({ amended: 0 });
    })
    .on(OrderAmended, (saga) => {
      saga.setState({ amended: saga.state.amended + 1 });
    });

  it('goes through its history, however old and in whatever order it comes', async () => {
    const world = memoryWorld();
    const handler = world.run(willing);
    const longAgo = world.clock.now() - 90 * 24 * 60 * minute;
    const history = [amended, placed].map((message) => replayed(at(message, longAgo)));

    expect(await world.deliver(handler, ...history)).toEqual([true, false]);
    expect(await world.deliver(handler, ...history)).toEqual([false, false]);

    expect(await world.sagas()).toMatchObject([{ state: '{"amended":1}' }]);
  });

  it('does not go through it again while it is remembered', async () => {
    const world = memoryWorld();
    const handler = world.run(willing);
    await world.deliver(handler, placed, amended);

    await world.deliver(handler, replayed(placed), replayed(amended));

    expect(await world.sagas()).toMatchObject([{ revision: 2, state: '{"amended":1}' }]);
  });
});
