import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

import { defineEvent, type OutboxEvent, type Upcasts } from '../../lib/runtime.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { writerConfig } from '../support/orders.ts';

// What compiles and what does not. The compiler judges: `npm run typecheck` fails where an expected
// error is none.

const aggregate = 'order';
const Placed = defineEvent('order.placed', {
  aggregateType: aggregate,
  schema: z.object({ total: z.string().transform(Number), note: z.string().default('') }),
});

describe('the types of an event', () => {
  it("take the schema's input from zod", () => {
    expectTypeOf(Placed).parameter(1).toEqualTypeOf<{ total: string; note?: string | undefined }>();
    expectTypeOf(Placed.type).toEqualTypeOf<'order.placed'>();
    expectTypeOf(Placed('42', { total: '1' }).type).toEqualTypeOf<'order.placed'>();
  });

  it("take the schema's input from valibot", () => {
    const schema = v.object({ total: v.pipe(v.string(), v.transform(Number)) });
    const Valibot = defineEvent('order.placed', { aggregateType: aggregate, schema });

    expectTypeOf(Valibot).parameter(1).toEqualTypeOf<{ total: string }>();
  });

  it("take the schema's input from arktype", () => {
    const schema = type({ total: 'string.numeric.parse', 'note?': 'string' });
    const Arktype = defineEvent('order.placed', { aggregateType: aggregate, schema });

    expectTypeOf(Arktype).parameter(1).toEqualTypeOf<{ total: string; note?: string }>();
  });

  it('refuse a wrong payload', () => {
    const wrong = [
      // @ts-expect-error total is text
      () => Placed('42', { total: 1 }),
      // @ts-expect-error total is missing
      () => Placed('42', {}),
      // @ts-expect-error nothing else is known
      () => Placed('42', { total: '1', totl: '1' }),
      // @ts-expect-error there is no payload
      () => Placed('42'),
      // @ts-expect-error the aggregate's id is text
      () => Placed(42, { total: '1' }),
    ];

    expectTypeOf(wrong).not.toBeAny();
  });

  it('refuse a sequence that is neither a number nor next', () => {
    // @ts-expect-error 'last' is no sequence
    const wrong = () => Placed('42', { total: '1' }, { sequence: 'last' });

    expectTypeOf(wrong).not.toBeAny();
  });

  it('refuse a definition without aggregate or schema', () => {
    const wrong = [
      // @ts-expect-error aggregate is missing
      () => defineEvent('order.placed', { schema: z.string() }),
      // @ts-expect-error schema is missing
      () => defineEvent('order.placed', { aggregateType: aggregate }),
      // @ts-expect-error that is no Standard Schema
      () => defineEvent('order.placed', { aggregateType: aggregate, schema: { parse: () => 1 } }),
    ];

    expectTypeOf(wrong).not.toBeAny();
  });

  it('let an upcast read old data as it likes', () => {
    expectTypeOf<Parameters<Upcasts[number]>[0]>().toBeAny();
    defineEvent('order.placed', {
      version: 3,
      aggregateType: aggregate,
      schema: z.object({ total: z.number() }),
      upcast: {
        1: (old: { amount: number }) => ({ sum: old.amount }),
        2: (old: { sum: number }) => ({ total: old.sum }),
      },
    });
  });

  it('let events of different types be written together', () => {
    const Shipped = defineEvent('order.shipped', {
      aggregateType: aggregate,
      schema: z.object({ at: z.string() }),
    });
    const events = [Placed('42', { total: '1' }), Shipped('42', { at: 'now' })];

    expectTypeOf(events).toExtend<readonly OutboxEvent[]>();
  });

  it('refuse a write without events that come from a definition', () => {
    const outbox = () => openOutbox(writerConfig('outbox'));
    const wrong = [
      // @ts-expect-error events is missing
      () => outbox().write({ items: [] }),
      // @ts-expect-error that is no event
      () => outbox().write({ events: [{ type: 'order.placed', data: {} }] }),
      // @ts-expect-error the option is called context
      () => outbox().write({ events: [], contxt: {} }),
    ];

    expectTypeOf(wrong).not.toBeAny();
  });
});
