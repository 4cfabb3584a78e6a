import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { defineEvent } from '../../lib/events/define-event.ts';
import { toValidJson } from '../../lib/events/event-data.ts';

const aggregate = 'order';
const id = '0199a1b2-c3d4-7000-8000-000000000001';
const secret = 'jane@example.org';

describe('the data that is stored', () => {
  it('is the JSON of what was given, in its order', async () => {
    const Placed = defineEvent('order.placed', {
      aggregateType: aggregate,
      schema: z.looseObject({}),
    });

    expect(await toValidJson(Placed('42', { b: 1, a: [true, null] }))).toBe(
      '{"b":1,"a":[true,null]}',
    );
  });

  it("is the schema's input, so that consumers can parse it again", async () => {
    const schema = z.object({
      total: z.string().transform(Number),
      currency: z.string().default('EUR'),
    });
    const Placed = defineEvent('order.placed', { aggregateType: aggregate, schema });

    expect(await toValidJson(Placed('42', { total: '12' }))).toBe('{"total":"12"}');
  });

  it('is validated as the JSON that it is, not as the object it was', async () => {
    const Placed = defineEvent('order.placed', {
      aggregateType: aggregate,
      schema: z.object({ at: z.date() }),
    });

    await expect(toValidJson(Placed('42', { at: new Date(0) }, { id }))).rejects.toMatchObject({
      code: 'EVENT_INVALID',
      message: expect.stringContaining('a Date is text there') as string,
      details: { type: 'order.placed', eventId: id },
    });
  });

  it('is validated by a schema that takes its time', async () => {
    const schema = z.object({ sku: z.string().refine((sku) => Promise.resolve(sku !== 'gone')) });
    const Placed = defineEvent('order.placed', { aggregateType: aggregate, schema });

    expect(await toValidJson(Placed('42', { sku: 'a' }))).toBe('{"sku":"a"}');
    await expect(toValidJson(Placed('42', { sku: 'gone' }))).rejects.toMatchObject({
      code: 'EVENT_INVALID',
    });
  });

  it.each([
    ['zod', z.object({ buyer: z.object({ age: z.number() }) }), 'buyer.age: invalid_type'],
    ['valibot', v.object({ buyer: v.object({ age: v.number() }) }), '*.*: number'],
    ['arktype', type({ buyer: { age: 'number' } }), 'buyer.age: domain'],
  ])('is refused by %s with the place, and without the data', async (_, schema, issue) => {
    const Placed = defineEvent('order.placed', { aggregateType: aggregate, schema });
    const event = Placed('42', { buyer: { age: secret as unknown as number } }, { id });

    const refusal = await toValidJson(event).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: 'EVENT_INVALID', details: { eventId: id } });
    const told = JSON.stringify([refusal, String(refusal)]);
    expect(told).toContain(issue);
    expect(told).not.toContain(secret);
  });

  it('is refused without the data that a schema quotes when it throws', async () => {
    const schema = z.any().transform((text: string) => {
      throw new RangeError(`no ${text}`);
    });
    const Placed = defineEvent('order.placed', { aggregateType: aggregate, schema });

    const refusal = await toValidJson(Placed('42', secret, { id })).catch(
      (error: unknown) => error,
    );

    expect(refusal).toMatchObject({
      code: 'EVENT_INVALID',
      message: `the schema of order.placed ${id} threw RangeError: have it return issues instead`,
    });
    expect(refusal).not.toHaveProperty('cause');
  });

  it('is checked in the same way where the event was put together by hand', async () => {
    const schema = z.object({ at: z.date() });
    const event = defineEvent('order.placed', { aggregateType: aggregate, schema })('42', {
      at: new Date(0),
    });

    await expect(toValidJson({ ...event, data: { at: new Date(0) } })).rejects.toMatchObject({
      code: 'EVENT_INVALID',
    });
    await expect(toValidJson({ ...event, data: 1n })).rejects.toMatchObject({
      code: 'EVENT_NOT_JSON',
    });
  });
});
