import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { defineEvent } from '../../lib/events/define-event.ts';
import type { OutboxEvent } from '../../lib/events/event.ts';
import { defineSaga } from '../../lib/saga/define-saga.ts';
import type { SagaEvent, SagaTransition } from '../../lib/saga/step.ts';
import {
  fulfilment,
  OrderAmended,
  OrderPlaced,
  PaymentRefunded,
  PaymentTaken,
  StockMissing,
  StockReserved,
} from './fulfilment.ts';

const data = { orderId: '42' };
const typesOf = (events: readonly OutboxEvent[]): string[] => events.map(({ type }) => type);

type Fulfilment = SagaTransition<{ orderId: string; paid: boolean; steps: number }>;

/** What the last of these events makes of a saga. */
function after(...events: readonly SagaEvent[]): Fulfilment {
  return events.reduce<Fulfilment | undefined>(
    (before, event) => fulfilment.transition(before?.saga, event),
    undefined,
  )!;
}

const placed = OrderPlaced('42', data);
const paid = PaymentTaken('42', data);
const started = after(placed);

describe('a saga', () => {
  it('is started by its event, with a state, commands and a deadline', () => {
    expect(started).toMatchObject({
      outcome: 'started',
      saga: {
        key: '42',
        status: 'running',
        revision: 1,
        state: { orderId: '42', paid: false, steps: 1 },
        deadlines: { payment: { revision: 1 } },
      },
      deadlines: [{ name: 'payment', afterMs: 15 * 60_000 }],
      cancelled: [],
    });
    expect(typesOf(started.emits)).toEqual(['payment.take']);
  });

  it.each(['constructor', 'toString'])('has no deadline %s that was not set', (name) => {
    expect(() => fulfilment.deadlineEvent(started.saga, name as 'payment')).toThrow(
      expect.objectContaining({ code: 'SAGA_INVALID' }),
    );
  });

  it('goes on with each answer', () => {
    const next = after(placed, paid);

    expect(next).toMatchObject({
      outcome: 'changed',
      saga: { revision: 2, state: { paid: true, steps: 2 }, deadlines: { stock: { revision: 2 } } },
      deadlines: [{ name: 'stock', afterMs: 90 * 60_000 }],
      cancelled: ['payment'],
    });
    expect(typesOf(next.emits)).toEqual(['stock.reserve']);
  });

  it('ends when it says so, and takes its deadlines back', () => {
    const done = after(placed, paid, StockReserved('42', data));

    expect(done.saga).toMatchObject({ status: 'completed', deadlines: {}, compensations: [] });
    expect(done).toMatchObject({ cancelled: ['stock'], deadlines: [], undone: [] });
  });

  it('undoes what it did, last things first, waiting where that must be confirmed', () => {
    const missing = after(placed, paid, StockMissing('42', data));
    const done = fulfilment.transition(missing.saga, PaymentRefunded('42', data));

    expect(typesOf(missing.emits)).toEqual(['stock.release', 'payment.refund']);
    expect(missing).toMatchObject({
      undone: ['stock', 'payment'],
      cancelled: ['stock'],
      saga: {
        status: 'compensating',
        awaiting: 'payment.refunded',
        reason: 'no stock',
        state: { paid: false },
        compensations: [{ name: 'order' }],
      },
    });
    expect(typesOf(done.emits)).toEqual(['order.cancel']);
    expect(done).toMatchObject({ undone: ['order'], saga: { status: 'compensated' } });
    expect(done.saga).not.toHaveProperty('awaiting');
  });

  it('is compensated by a deadline that has come', () => {
    const due = fulfilment.transition(
      started.saga,
      fulfilment.deadlineEvent(started.saga, 'payment'),
    );

    expect(due.saga).toMatchObject({ status: 'compensating', reason: 'payment never answered' });
    expect(due).toMatchObject({ cancelled: [], deadlines: [] });
  });

  it.each<[string, Fulfilment]>([
    ['was taken back', after(placed, paid)],
    ['is of a saga that has ended', after(placed, paid, StockReserved('42', data))],
    ['is of no saga that there is', { ...started, saga: undefined }],
  ])('lets a deadline pass that %s', (_, { saga }) => {
    const due = fulfilment.deadlineEvent(started.saga, 'payment');

    const late = fulfilment.transition(saga, due);

    expect(late).toMatchObject({ outcome: 'late', emits: [], cancelled: [], deadlines: [] });
    expect(late.saga).toBe(saga);
  });

  it('lets a deadline pass that was moved', () => {
    const moving = defineSaga('moving', { state: z.object({}), key: 'orderId' })
      .onDeadline('reply', (saga) => {
        saga.complete();
      })
      .startedBy(OrderPlaced, (saga) => {
        saga.setState({});
        saga.setDeadline('reply', { seconds: 1 });
      })
      .on(OrderAmended, (saga) => {
        saga.setDeadline('reply', { days: 1 });
      });
    const first = moving.transition(undefined, placed).saga;
    const moved = moving.transition(first, OrderAmended('42', data));

    expect(moved).toMatchObject({ cancelled: ['reply'], deadlines: [{ afterMs: 86_400_000 }] });
    const old = moving.transition(moved.saga, moving.deadlineEvent(first, 'reply'));
    const current = moving.transition(moved.saga, moving.deadlineEvent(moved.saga, 'reply'));
    expect([old.outcome, current.outcome]).toEqual(['late', 'changed']);
  });

  it('lets a deadline pass that is another event than the one it set', () => {
    const stored = { ...started.saga!, deadlines: { payment: { revision: 1, eventId: paid.id } } };

    const due = fulfilment.deadlineEvent(stored, 'payment');
    const other = { ...due, id: placed.id };

    expect(due.id).toBe(paid.id);
    expect(fulfilment.transition(stored, due).outcome).toBe('changed');
    expect(fulfilment.transition(stored, other).outcome).toBe('late');
  });

  it('answers what comes too late only where it was told to, and does not change', () => {
    const done = after(placed, paid, StockReserved('42', data));

    const late = fulfilment.transition(done.saga, paid);
    const nothing = fulfilment.transition(done.saga, StockMissing('42', data));

    expect([late.outcome, nothing.outcome]).toEqual(['late', 'late']);
    expect(typesOf(late.emits)).toEqual(['payment.refund']);
    expect(nothing.emits).toEqual([]);
    expect([late.saga, nothing.saga]).toEqual([done.saga, done.saga]);
  });

  it('ignores what would start it a second time, and what it has no answer to', () => {
    const again = fulfilment.transition(started.saga, OrderPlaced('42', data));
    const refunded = fulfilment.transition(started.saga, PaymentRefunded('42', data));

    expect([again.outcome, refunded.outcome]).toEqual(['ignored', 'ignored']);
    expect(again.saga).toBe(started.saga);
  });

  it('ignores an event that its key says does not concern it', () => {
    const Foreign = defineEvent('foreign', { aggregateType: 'order', schema: z.object({}) });
    const saga = fulfilment.on(Foreign, () => undefined, { key: () => undefined });
    const foreign = Foreign('42', {});

    expect(saga.transition(started.saga, foreign)).toMatchObject({ outcome: 'ignored' });
    expect(saga.transition(undefined, foreign)).toMatchObject({ outcome: 'ignored' });
  });

  it('is not started by any other event', () => {
    expect(fulfilment.transition(undefined, paid)).toMatchObject({
      outcome: 'unknown',
      saga: undefined,
    });
  });

  it('is started by a replay only where it was told to be', () => {
    const replayed = { ...placed, replayId: 'r-1' };
    const willing = defineSaga('willing', {
      state: z.object({}),
      key: 'orderId',
      startsOnReplay: true,
    }).startedBy(OrderPlaced, (saga) => {
      saga.setState({});
    });

    expect(fulfilment.transition(undefined, replayed).outcome).toBe('ignored');
    expect(willing.transition(undefined, replayed).outcome).toBe('started');
  });

  it('keeps no hold on what it was given', () => {
    const kept = { list: [1] };
    const saga = defineSaga('keeper', {
      state: z.object({ list: z.array(z.number()) }),
      key: 'orderId',
    }).startedBy(OrderPlaced, (step) => {
      step.setState(kept);
    });

    const { saga: after } = saga.transition(undefined, placed);
    kept.list.push(2);

    expect(after?.state).toEqual({ list: [1] });
    expect(Object.isFrozen(after?.state.list)).toBe(true);
  });

  it('takes all types that its answers need, and that of its deadlines', () => {
    expect(fulfilment.eventTypes.toSorted()).toEqual([
      'fulfilment.deadline',
      'order.amended',
      'order.noticed',
      'order.placed',
      'payment.refunded',
      'payment.taken',
      'stock.missing',
      'stock.reserved',
    ]);
  });
});

describe('a saga refuses', () => {
  const Odd = defineEvent('odd', {
    aggregateType: 'order',
    schema: z.object({ orderId: z.string() }),
  });
  const startedWith =
    (handle: Parameters<ReturnType<typeof blank>['startedBy']>[1]) => (): unknown =>
      blank().startedBy(Odd, handle).transition(undefined, Odd('42', data));
  const blank = () =>
    defineSaga('odd', { state: z.unknown(), key: 'orderId' })
      .onDeadline('reply', () => undefined)
      .compensation('undo', () => undefined);

  it.each<[string, () => unknown, string]>([
    ['to start without a state', startedWith(() => undefined), 'started without a state'],
    [
      'to show a state that it has not',
      startedWith((saga) => {
        saga.setState(saga.state);
      }),
      'has no state yet',
    ],
    [
      'a state that is no JSON',
      startedWith((saga) => {
        saga.setState(new Map());
      }),
      'it is an instance of Map',
    ],
    [
      'a deadline that nothing answers',
      startedWith((saga) => {
        saga.setDeadline('other' as never, { minutes: 1 });
      }),
      "add .onDeadline('other', …)",
    ],
    [
      'a deadline in no time',
      startedWith((saga) => {
        saga.setDeadline('reply', {});
      }),
      'must be more than no time',
    ],
    [
      'a deadline of an unknown length',
      startedWith((saga) => {
        saga.setDeadline('reply', { seconds: undefined } as never);
      }),
      'got { seconds: undefined }',
    ],
    [
      'a deadline of no number',
      startedWith((saga) => {
        saga.setDeadline('reply', { minutes: NaN });
      }),
      'got { minutes: NaN }',
    ],
    [
      'a deadline of an unknown unit',
      startedWith((saga) => {
        saga.setDeadline('reply', { weeks: 1 } as never);
      }),
      'in days, hours, minutes and seconds',
    ],
    [
      'a compensation that there is not',
      startedWith((saga) => {
        saga.addCompensation('other' as 'undo');
      }),
      "add .compensation('other', …)",
    ],
    [
      'to end twice',
      startedWith((saga) => {
        saga.complete();
        saga.compensate('no');
      }),
      'compensate when it was completed',
    ],
    [
      'a deadline after its end',
      startedWith((saga) => {
        saga.complete();
        saga.setDeadline('reply', { minutes: 1 });
      }),
      'deadline when it was completed',
    ],
    [
      'a handler that awaits something',
      startedWith(() => Promise.resolve() as unknown as undefined),
      'cannot be async',
    ],
  ])('%s', (_, act, problem) => {
    expect(act).toThrow(
      expect.objectContaining({
        code: 'SAGA_INVALID',
        message: expect.stringContaining(problem) as string,
      }),
    );
  });

  it.each([0, 1.5, NaN])('version %o', (version) => {
    expect(() => defineSaga('odd', { state: z.object({}), key: 'orderId', version })).toThrow(
      expect.objectContaining({ code: 'SAGA_INVALID' }),
    );
  });

  it.each(['', 'has space', '1st', 'x'.repeat(120)])('the name %o', (name) => {
    expect(() => defineSaga(name, { state: z.object({}), key: 'orderId' })).toThrow();
  });

  it.each<[unknown]>([[''], [42], [null], ['\ud800'], ['x'.repeat(901)]])('the key %o', (key) => {
    const own = defineSaga('odd', { state: z.object({}) }).startedBy(Odd, () => undefined, {
      key: () => key as string,
    });
    const field = defineSaga('odd', { state: z.object({}), key: 'orderId' }).startedBy(
      Odd,
      () => undefined,
    );

    for (const act of [
      () => own.transition(undefined, Odd('42', data)),
      () => field.transition(undefined, { ...Odd('42', data), data: { orderId: key } }),
    ]) {
      expect(act).toThrow(
        expect.objectContaining({
          code: 'SAGA_INVALID',
          message: expect.stringContaining('the key of odd') as string,
        }),
      );
    }
  });

  it('an event without the field that holds the key, and names it', () => {
    const foreign = PaymentTaken('42', {} as never);

    expect(() => fulfilment.transition(started.saga, foreign)).toThrow(
      expect.objectContaining({
        code: 'SAGA_INVALID',
        message: expect.stringContaining('data.orderId, must be a text') as string,
      }),
    );
  });

  it.each<[unknown]>([[() => '42'], [''], [1]])('a key that names no field: %o', (key) => {
    expect(() => defineSaga('odd', { state: z.object({}), key: key as 'orderId' })).toThrow(
      expect.objectContaining({ code: 'SAGA_INVALID' }),
    );
  });

  it('two keys for one type of event', () => {
    const key = () => '42';
    const saga = defineSaga('odd', { state: z.object({}), key: 'orderId' }).on(
      Odd,
      () => undefined,
      { key },
    );

    expect(() => saga.onLate(Odd, () => undefined)).toThrow(
      expect.objectContaining({ code: 'SAGA_INVALID' }),
    );
    expect(() => saga.onLate(Odd, () => undefined, { key })).not.toThrow();
  });

  it('an argument that does not fit its schema, when it is given and when it is read', () => {
    const compensating = (argument: z.ZodType<number>) =>
      defineSaga('odd', { state: z.object({}), key: 'orderId' })
        .compensation('undo', argument, () => undefined)
        .startedBy(Odd, (saga) => {
          saga.setState({});
          saga.addCompensation('undo', 1);
        })
        .on(OrderAmended, (saga) => {
          saga.compensate('changed my mind');
        });
    const { saga } = compensating(z.number()).transition(undefined, Odd('42', data));
    const problem = expect.objectContaining({
      code: 'SAGA_INVALID',
      message: expect.stringContaining('the argument of undo does not fit its schema') as string,
    }) as Error;

    expect(() => compensating(z.number().min(2)).transition(undefined, Odd('42', data))).toThrow(
      problem,
    );
    expect(() =>
      compensating(z.number().min(2)).transition(saga, OrderAmended('42', data)),
    ).toThrow(problem);
  });

  it('two answers to one event, and two definitions of one type', () => {
    const other = defineEvent('order.placed', {
      aggregateType: 'order',
      schema: z.object({ orderId: z.string() }),
    });

    expect(() => fulfilment.on(PaymentTaken, () => undefined)).toThrow(
      expect.objectContaining({ code: 'HANDLER_DUPLICATE' }),
    );
    expect(() => fulfilment.on(other, () => undefined)).toThrow(
      expect.objectContaining({ code: 'SAGA_INVALID' }),
    );
  });

  it('to be compensated by what was taken out of its definition', () => {
    const older = defineSaga('odd', { state: z.object({}), key: 'orderId' })
      .compensation('undo', () => undefined)
      .startedBy(Odd, (saga) => {
        saga.setState({});
        saga.addCompensation('undo');
      });
    const newer = defineSaga('odd', { state: z.object({}), key: 'orderId' }).on(
      OrderAmended,
      (saga) => {
        saga.compensate('changed my mind');
      },
    );
    const { saga } = older.transition(undefined, Odd('42', data));

    expect(() => newer.transition(saga, OrderAmended('42', data))).toThrow(
      expect.objectContaining({ code: 'SAGA_INVALID' }),
    );
  });
});
