import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Charge } from '../../examples/provider/charges.ts';
import { testCards } from '../../examples/provider/test-cards.ts';
import { PaymentRequested, RefundRequested } from '../../examples/shared/events.ts';
import { createIdTable } from '../support/create-tables.ts';
import { localClient } from '../support/tables.ts';
import { startLocalFunctions, type LocalFunction } from './support/local-functions.ts';
import type { LocalServer } from './support/local-server.ts';
import { deliver, openService, type Consumer, type Service } from './support/service.ts';

const amount = 12;
let functions: LocalServer;
let service: Service;
let payments: string;
let charges: string;
let handleRequests: Consumer;
let noteCharge: LocalFunction;
let provider: LocalFunction;
/** What happens, once, just before the provider is called. */
let beforeNextCall: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  const client = localClient();
  [payments, charges] = await Promise.all([createIdTable(client), createIdTable(client)]);
  functions = await startLocalFunctions({
    provider: async (event) => {
      const happen = beforeNextCall;
      beforeNextCall = undefined;
      await happen?.();
      return provider(event);
    },
    noteCharge: (event) => noteCharge(event),
  });
  service = await openService('payment', {
    AWS_ENDPOINT_URL_LAMBDA: functions.url,
    PAYMENTS_TABLE: payments,
    CHARGES_TABLE: charges,
    PROVIDER_FUNCTION: 'provider',
    NOTE_CHARGE_FUNCTION: 'noteCharge',
  });
  ({ handler: handleRequests } = await import('../../examples/payment/handle-requests.ts'));
  ({ handler: noteCharge } = await import('../../examples/payment/note-charge.ts'));
  ({ handler: provider } = await import('../../examples/provider/answer.ts'));
});

afterAll(async () => {
  await functions[Symbol.asyncDispose]();
});

function chargeOf(orderId: string, card: string): ReturnType<typeof PaymentRequested> {
  return PaymentRequested(orderId, { orderId, amount, card });
}

function refundOf(orderId: string): ReturnType<typeof RefundRequested> {
  return RefundRequested(orderId, { orderId });
}

/** What the provider's books say of an order. */
async function chargesFor(orderId: string): Promise<Charge[]> {
  const all = (await service.rows(charges)) as unknown as Charge[];
  return all.filter(({ reference }) => reference === orderId);
}

function taken(orderId: string): object {
  return { type: 'payment.taken', data: { orderId, amount } };
}

function refunded(orderId: string, money: number): object {
  return { type: 'payment.refunded', data: { orderId, refunded: money } };
}

describe('payment', () => {
  it('takes the money once and says so once, though it is asked twice', async () => {
    const request = chargeOf('twice', testCards.good);

    const back = [await deliver(handleRequests, request), await deliver(handleRequests, request)];

    expect(back).toEqual([0, 0]);
    expect(await chargesFor('twice')).toMatchObject([{ charged: amount, refunded: 0, asked: 1 }]);
    expect(await service.row(payments, 'twice')).toMatchObject({ state: 'taken', charged: amount });
    expect(await service.written('twice')).toEqual([taken('twice')]);
  });

  it('lets one worker at a time ask: a copy of the message goes back to the queue meanwhile', async () => {
    const request = chargeOf('at-once', testCards.good);
    const copies: number[] = [];
    beforeNextCall = async () => copies.push(await deliver(handleRequests, request));

    const back = await deliver(handleRequests, request);

    expect({ back, copies }).toEqual({ back: 0, copies: [1] });
    expect(await chargesFor('at-once')).toMatchObject([{ asked: 1 }]);
  });

  it('takes the money once, though the first answer is lost after the provider took it', async () => {
    const back = await deliver(handleRequests, chargeOf('lost', testCards.firstAnswerLost));

    expect(back).toBe(0);
    expect(await chargesFor('lost')).toMatchObject([{ charged: amount, asked: 2 }]);
    expect(await service.written('lost')).toEqual([taken('lost')]);
  });

  it('says that the bank refused, and takes nothing', async () => {
    await deliver(handleRequests, chargeOf('refused', testCards.refused));

    expect(await chargesFor('refused')).toMatchObject([{ charged: 0 }]);
    expect(await service.written('refused')).toEqual([
      { type: 'payment.refused', data: { orderId: 'refused' } },
    ]);
  });

  it('says nothing where no answer comes, and gives back what was taken when it is asked to', async () => {
    const request = chargeOf('silent', testCards.silent);

    const unfinishedAttempts = await deliver(handleRequests, request);
    const saidOfIt = await service.written('silent');
    const refund = await deliver(handleRequests, refundOf('silent'));
    const again = await deliver(handleRequests, request);

    expect({ unfinishedAttempts, saidOfIt, refund, again }).toEqual({
      ...{ unfinishedAttempts: 1, saidOfIt: [] },
      ...{ refund: 0, again: 0 },
    });
    expect(await chargesFor('silent')).toMatchObject([{ charged: amount, refunded: amount }]);
    expect(await service.written('silent')).toEqual([refunded('silent', amount)]);
  });

  it('takes nothing for an order whose refund came first', async () => {
    await deliver(handleRequests, refundOf('overtaken'));
    const back = await deliver(handleRequests, chargeOf('overtaken', testCards.good));

    expect(back).toBe(0);
    expect(await chargesFor('overtaken')).toMatchObject([{ charged: 0, asked: 0 }]);
    expect(await service.written('overtaken')).toEqual([refunded('overtaken', 0)]);
  });

  it('takes nothing where the refund comes between its look and its question', async () => {
    const request = chargeOf('between', testCards.good);
    const refund = refundOf('between');
    beforeNextCall = () => deliver(handleRequests, refund);

    const back = await deliver(handleRequests, request);
    const again = await deliver(handleRequests, request);

    expect({ back, again }).toEqual({ back: 1, again: 0 });
    expect(await chargesFor('between')).toMatchObject([{ charged: 0 }]);
    expect(await service.written('between')).toEqual([refunded('between', 0)]);
  });

  it('confirms the refund of what the bank refused: nothing is kept', async () => {
    await deliver(handleRequests, chargeOf('nothing', testCards.refused), refundOf('nothing'));

    expect(await service.row(payments, 'nothing')).toMatchObject({ state: 'refunded' });
    expect(await service.written('nothing')).toContainEqual(refunded('nothing', 0));
  });

  it('gives back once, though it is asked twice', async () => {
    await deliver(handleRequests, chargeOf('back', testCards.good));
    await deliver(handleRequests, refundOf('back'), refundOf('back'));

    expect(await chargesFor('back')).toMatchObject([{ charged: amount, refunded: amount }]);
    expect(await service.row(payments, 'back')).toMatchObject({ refunded: amount });
  });
});

describe('payment, told of a charge by the provider itself', () => {
  it('says once that money was taken, where that comes before the answer', async () => {
    const request = chargeOf('answered-twice', testCards.answersTwice);

    const overtaken = await deliver(handleRequests, request);
    const again = await deliver(handleRequests, request);

    expect({ overtaken, again }).toEqual({ overtaken: 1, again: 0 });
    expect(await chargesFor('answered-twice')).toMatchObject([{ charged: amount, asked: 1 }]);
    expect(await service.written('answered-twice')).toEqual([taken('answered-twice')]);
  });

  it('says nothing more where that comes after the answer', async () => {
    await deliver(handleRequests, chargeOf('told-later', testCards.good));

    await noteCharge({ reference: 'told-later', charged: amount, refunded: 0 });

    expect(await service.written('told-later')).toEqual([taken('told-later')]);
  });

  it('need not ask any more where no answer came', async () => {
    const request = chargeOf('told', testCards.silent);
    await deliver(handleRequests, request);
    const [before] = await chargesFor('told');

    await noteCharge({ reference: 'told', charged: amount, refunded: 0 });
    const back = await deliver(handleRequests, request);

    expect(back).toBe(0);
    expect(await chargesFor('told')).toEqual([before]);
    expect(await service.written('told')).toEqual([taken('told')]);
  });

  it('refuses what is no answer', async () => {
    await expect(noteCharge({ reference: 'nonsense' })).rejects.toThrow(/charged/);
  });
});
