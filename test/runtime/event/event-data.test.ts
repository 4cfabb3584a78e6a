import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { defineEvent } from '../../../lib/runtime/event/define-event.ts';
import { toValidJson } from '../../../lib/runtime/event/event-data.ts';

const aggregate = 'order';
const id = '0199a1b2-c3d4-7000-8000-000000000001';
const secret = 'jane@example.org';

describe('the data that is stored', () => {
  it('is the JSON of what was given, in its order', async () => {
    const Placed = defineEvent('order.placed', { aggregate, schema: z.looseObject({}) });

    expect(await toValidJson(Placed('42', { b: 1, a: [true, null] }))).toBe(
      '{"b":1,"a":[true,null]}',
    );
  });

  it("is the schema's input, so that consumers can parse it again", async () => {
    const schema = z.object({
      total: z.string().transform(Number),
      currency: z.string().default('EUR'),
    });
    const Placed = defineEvent('order.placed', { aggregate, schema });

    expect(await toValidJson(Placed('42', { total: '12' }))).toBe('{"total":"12"}');
  });

  it('is validated as the JSON that it is, not as the object it was', async () => {
    const Placed = defineEvent('order.placed', { aggregate, schema: z.object({ at: z.date() }) });

    await expect(toValidJson(Placed('42', { at: new Date(0) }, { id }))).rejects.toMatchObject({
      code: 'EVENT_INVALID',
      message: expect.stringContaining('a Date is text there') as string,
      facts: { type: 'order.placed', eventId: id },
    });
  });

  it('is validated by a schema that takes its time', async () => {
    const schema = z.object({ sku: z.string().refine((sku) => Promise.resolve(sku !== 'gone')) });
    const Placed = defineEvent('order.placed', { aggregate, schema });

    expect(await toValidJson(Placed('42', { sku: 'a' }))).toBe('{"sku":"a"}');
    await expect(toValidJson(Placed('42', { sku: 'gone' }))).rejects.toMatchObject({
      code: 'EVENT_INVALID',
    });
  });

  it.each([
    ['zod', z.object({ buyer: z.object({ age: z.number() }) })],
    ['valibot', v.object({ buyer: v.object({ age: v.number() }) })],
    ['arktype', type({ buyer: { age: 'number' } })],
  ])('is refused by %s with the place, and without the data', async (_, schema) => {
    const Placed = defineEvent('order.placed', { aggregate, schema });
    const event = Placed('42', { buyer: { age: secret as unknown as number } }, { id });

    const refusal = await toValidJson(event).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: 'EVENT_INVALID', facts: { eventId: id } });
    const told = JSON.stringify([refusal, String(refusal)]);
    expect(told).toContain('buyer.age: ');
    expect(told).toContain('number');
    expect(told).not.toContain(secret);
  });

  it.each([
    ['text', (text: string) => text, 'mail: no …'],
    ['quoted text', (text: string) => JSON.stringify(text), 'mail: no …'],
  ])('is refused without the data, however long: %s', async (_, quote, issue) => {
    const refuse = v.check<string, (issue: { input: string }) => string>(
      () => false,
      ({ input }) => `no ${quote(input)}`,
    );
    const schema = v.object({ mail: v.pipe(v.string(), refuse) });
    const mail = `${secret} "`.repeat(12_000);

    const refusal = await toValidJson(
      defineEvent('order.placed', { aggregate, schema })('42', { mail }, { id }),
    ).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: 'EVENT_INVALID', facts: { issues: [issue] } });
    expect(JSON.stringify([refusal, String(refusal)])).not.toContain(secret);
  });

  it('is refused without the data where a whole object is quoted', async () => {
    const Placed = defineEvent('order.placed', {
      aggregate,
      schema: v.object({
        buyer: v.pipe(
          v.any(),
          v.check(
            () => false,
            ({ input }) => `no ${JSON.stringify(input)}`,
          ),
        ),
      }),
    });

    const event = Placed('42', { buyer: { mail: secret } });

    await expect(toValidJson(event)).rejects.toThrow('buyer: no …');
  });

  it('is checked in the same way where the event was put together by hand', async () => {
    const schema = z.object({ at: z.date() });
    const event = defineEvent('order.placed', { aggregate, schema })('42', { at: new Date(0) });

    await expect(toValidJson({ ...event, data: { at: new Date(0) } })).rejects.toMatchObject({
      code: 'EVENT_INVALID',
    });
    await expect(toValidJson({ ...event, data: 1n })).rejects.toMatchObject({
      code: 'EVENT_NOT_JSON',
    });
  });
});
