import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

import { createSaga, defineEvent, defineSaga, reject } from '../../lib/runtime.ts';

const Placed = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({ orderId: z.string(), total: z.number() }),
});
const Taken = defineEvent('payment.taken', {
  aggregateType: 'payment',
  schema: type({ orderId: 'string', chargeId: 'string' }),
});
const Refunded = defineEvent('payment.refunded', {
  aggregateType: 'payment',
  schema: z.object({ reference: z.object({ order: z.string(), charge: z.string() }) }),
});
const Refund = defineEvent('payment.refund', {
  aggregateType: 'payment',
  schema: v.object({ orderId: v.string(), chargeId: v.string() }),
});
const Closed = defineEvent('shop.closed', {
  aggregateType: 'shop',
  schema: z.object({ orderId: z.string().optional() }),
});

const state = z.object({ paid: z.boolean() });
const referenceOf = ({ data }: { data: { reference: { order: string } } }): string =>
  data.reference.order;

const declared = defineSaga('fulfilment', { state, key: 'orderId' })
  .onDeadline('payment', (saga) => {
    expectTypeOf(saga.state).toEqualTypeOf<{ paid: boolean }>();
    saga.compensate('no answer');
  })
  .compensation('order', (saga) => {
    saga.setState({ paid: false });
  })
  .compensation(
    'refund',
    z.object({ chargeId: z.string(), cents: z.coerce.number<string>() }),
    (saga, argument) => {
      expectTypeOf(argument).toEqualTypeOf<{ chargeId: string; cents: number }>();
      saga.emit(Refund(saga.key, { orderId: saga.key, chargeId: argument.chargeId }));
    },
    {
      confirmedBy: {
        event: Refunded,
        when: ({ data }, { chargeId }) => data.reference.charge === chargeId,
        key: referenceOf,
      },
    },
  );

describe('a saga', () => {
  it('infers data, state, arguments and names', () => {
    const fulfilment = declared
      .startedBy(Placed, (saga, { data }) => {
        expectTypeOf(data).toEqualTypeOf<{ orderId: string; total: number }>();
        saga.setState({ paid: data.total === 0 });
        saga.setDeadline('payment', { minutes: 15 });
        saga.addCompensation('order');
        saga.addCompensation('refund', { chargeId: 'c', cents: '1' });
      })
      .on(Taken, (saga, { data }) => {
        expectTypeOf(data).toEqualTypeOf<{ orderId: string; chargeId: string }>();
        saga.cancelDeadline('payment');
      })
      .on(
        Refunded,
        (saga): void => {
          saga.complete();
        },
        { key: referenceOf, whenNotFound: 'ignore' },
      )
      .onLate(Taken, (saga) => {
        expectTypeOf(saga.reason).toEqualTypeOf<string | undefined>();
      });

    expectTypeOf(createSaga(fulfilment)).toBeFunction();
    expectTypeOf<typeof fulfilment.deadlineEvent>().parameter(1).toEqualTypeOf<'payment'>();
  });

  it('refuses an event without the field of its key', () => {
    // @ts-expect-error its data has no orderId
    const missing = () => declared.on(Refunded, () => undefined);
    // @ts-expect-error nor can it confirm without a key
    const confirming = () => declared.compensation('a', () => undefined, { confirmedBy: Refunded });
    // @ts-expect-error orderId may be absent
    const optional = () => declared.on(Closed, () => undefined);
    const own = () => declared.on(Closed, () => undefined, { key: ({ data }) => data.orderId });
    const none = defineSaga('keys', { state });
    // @ts-expect-error no field is named: each event needs a key
    const unnamed = () => none.startedBy(Placed, () => undefined);

    expectTypeOf([missing, confirming, optional, own, unnamed]).items.toBeFunction();
  });

  it('refuses a misspelt field', () => {
    const saga = defineSaga('fulfilment', { state, key: 'oderId' });
    // @ts-expect-error its data has no oderId
    const misspelt = () => saga.startedBy(Placed, () => undefined);
    // @ts-expect-error its data has no oderId
    const read = () => declared.on(Placed, () => undefined, { key: ({ data }) => data.oderId });

    expectTypeOf([misspelt, read]).items.toBeFunction();
  });

  it('refuses handlers that are async', () => {
    const acts = [
      // @ts-expect-error a start is not async
      () => declared.startedBy(Placed, async () => Promise.resolve()),
      // @ts-expect-error a step is not async
      () => declared.on(Taken, async () => Promise.resolve()),
      // @ts-expect-error what comes late is not async
      () => declared.onLate(Taken, async () => Promise.resolve()),
      // @ts-expect-error a deadline is not async
      () => declared.onDeadline('other', async () => Promise.resolve()),
      // @ts-expect-error a compensation is not async
      () => declared.compensation('other', async () => Promise.resolve()),
      // @ts-expect-error nor is one with an argument
      () => declared.compensation('other', z.string(), async () => Promise.resolve()),
    ];

    expectTypeOf(acts).items.toBeFunction();
  });

  it('refuses names that were not declared before, and wrong arguments', () => {
    const steps = () =>
      declared.on(Taken, (saga) => {
        // @ts-expect-error no such deadline
        saga.setDeadline('paymnt', { minutes: 15 });
        // @ts-expect-error no such deadline
        saga.cancelDeadline('paymnt');
        // @ts-expect-error no such compensation
        saga.addCompensation('refnd');
        // @ts-expect-error the argument is missing
        saga.addCompensation('refund');
        // @ts-expect-error the argument is of another shape
        saga.addCompensation('refund', { chargeId: 1, cents: '1' });
        // @ts-expect-error it takes no argument
        saga.addCompensation('order', 'x');
        // @ts-expect-error the state is of another shape
        saga.setState({ paid: 'yes' });
      });
    const early = () =>
      defineSaga('early', { state, key: 'orderId' })
        .startedBy(Placed, (saga) => {
          // @ts-expect-error declared below
          saga.setDeadline('payment', { minutes: 15 });
        })
        .onDeadline('payment', () => undefined);
    // @ts-expect-error no such deadline
    const due = () => declared.deadlineEvent(undefined, 'paymnt');

    expectTypeOf([steps, early, due]).items.toBeFunction();
  });

  it('refuses to be defined without the schema of its state', () => {
    // @ts-expect-error the state is persisted, so its schema is required
    const saga = () => defineSaga('bare', { key: 'orderId' });

    expectTypeOf(saga).toBeFunction();
  });

  it('offers late and compensating handlers only what they may do', () => {
    const late = () =>
      declared.onLate(Taken, (saga) => {
        // @ts-expect-error it has ended
        saga.complete();
        // @ts-expect-error it has ended
        saga.set({ paid: true });
      });
    const compensating = () =>
      declared.compensation('other', (saga) => {
        // @ts-expect-error it is being compensated
        saga.deadline('payment', { minutes: 1 });
      });

    expectTypeOf([late, compensating]).items.toBeFunction();
  });
});

it('rejecting ends a handler, also for the compiler', () => {
  const charge = (customer: string | undefined): string => {
    if (customer === undefined) reject('no customer');
    return customer;
  };

  expectTypeOf(charge).returns.toBeString();
  expectTypeOf(reject).returns.toBeNever();
});
