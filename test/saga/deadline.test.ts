import { describe, expect, it } from 'vitest';

import { messageOf } from '../../lib/testing.ts';
import { fulfilment, OrderPlaced, PaymentTaken, StockReserved } from './fulfilment.ts';
import { localWorld, memoryWorld } from './support.ts';

const data = { orderId: '42' };
const minute = 60_000;

describe('a deadline of another saga with the same name, key and revision passes', () => {
  it('where another service runs it', async () => {
    const world = memoryWorld();
    const handler = world.run(fulfilment);
    await world.deliver(handler, messageOf(OrderPlaced('42', data)));
    const foreign = fulfilment.parts.deadline('42', { name: 'payment', revision: 1 });

    expect(await world.deliver(handler, messageOf(foreign))).toEqual([false]);

    expect(await world.sagas()).toMatchObject([{ status: 'running', revision: 1 }]);
    expect(world.counts).toMatchObject({ SagaLate: 1 });
  });

  it('where that one is forgotten and was started anew', async () => {
    const world = await localWorld();
    const handler = world.run(fulfilment);
    await world.deliver(handler, messageOf(OrderPlaced('42', data)));
    world.clock.advance(15 * minute);
    const late = await world.due();
    await world.deliver(handler, messageOf(PaymentTaken('42', data)));
    await world.deliver(handler, messageOf(StockReserved('42', data)));
    world.clock.advance(world.settings.dedupeWindowMs + minute);
    await world.deliver(handler, messageOf(OrderPlaced('42', data)));

    expect(await world.deliver(handler, ...late)).toEqual([false]);
    expect(await world.sagas()).toMatchObject([{ status: 'running', revision: 1 }]);
  });
});
