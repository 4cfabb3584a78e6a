import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

import { isEventId, timeOfId } from '../../lib/table/keys.ts';
import { defineEvent } from '../../lib/events/define-event.ts';

const schema = z.object({ orderId: z.string(), total: z.number() });
const OrderPlaced = defineEvent('order.placed', { aggregateType: 'order', schema });
const data = { orderId: '42', total: 12 };
const id = '0199a1b2-c3d4-7000-8000-000000000001';

describe('defineEvent', () => {
  it('carries its contract, version 1 unless told otherwise', () => {
    expect({ ...OrderPlaced }).toEqual({
      type: 'order.placed',
      version: 1,
      aggregateType: 'order',
      schema,
      upcast: {},
      validationDetail: 'codes',
    });
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(OrderPlaced)).toBe(true);
  });

  it.each([
    ['', 0],
    ['has space', 9],
    ['-order', 6],
    ['order\n', 6],
    ['x'.repeat(129), 129],
  ])('refuses the type %o', (name, length) => {
    expect(() => defineEvent(name, { aggregateType: 'order', schema })).toThrow(
      expect.objectContaining({
        code: 'EVENT_TYPE_INVALID',
        details: { type: name, length, limit: 128 },
      }),
    );
  });

  it('takes a type of 128 characters', () => {
    expect(defineEvent('x'.repeat(128), { aggregateType: 'order', schema }).type).toHaveLength(128);
  });

  it.each(['', 'order/42', '1order'])('refuses the aggregate %o', (aggregate) => {
    expect(() => defineEvent('order.placed', { aggregateType: aggregate, schema })).toThrow(
      expect.objectContaining({ code: 'AGGREGATE_INVALID' }),
    );
  });

  it.each([0, -1, 1.5, NaN])('refuses the version %o', (version) => {
    expect(() => defineEvent('order.placed', { aggregateType: 'order', schema, version })).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: { type: 'order.placed', option: 'version' },
      }),
    );
  });

  it('refuses a schema that is no Standard Schema', () => {
    const options = {
      aggregateType: 'order',
      schema: { parse: () => data } as unknown as typeof schema,
    };

    expect(() => defineEvent('order.placed', options)).toThrow('schema of order.placed');
  });

  it.each([
    [1, { 1: step }, 'version 1) must list versions from 1 to 0, got 1'],
    [2, { 2: step }, 'must list versions from 1 to 1, got 2'],
    [2, { 0: step }, 'got 0'],
    [3, { 1: step }, 'ends at version 2: add the step from 2 to 3'],
    [4, { 1: step, 3: step }, 'ends at version 2'],
  ])('refuses version %i with upcasts %o: %s', (version, upcast, problem) => {
    expect(() =>
      defineEvent('order.placed', { aggregateType: 'order', schema, version, upcast }),
    ).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(problem) as string,
      }),
    );
  });

  it('takes upcasts that start at any old version and leave none out', () => {
    const options = { aggregateType: 'order', schema, version: 4, upcast: { 2: step, 3: step } };

    expect(defineEvent('order.placed', options).upcast).toEqual({ 2: step, 3: step });
  });
});

describe('an event', () => {
  it('is about one aggregate, with a new id of this moment', () => {
    vi.useFakeTimers({ now: 1_790_000_000_123 });
    const event = OrderPlaced('42', data);
    vi.useRealTimers();

    expect(event).toEqual({
      definition: OrderPlaced,
      id: event.id,
      type: 'order.placed',
      version: 1,
      aggregate: 'order/42',
      data,
    });
    expect(isEventId(event.id)).toBe(true);
    expect(timeOfId(event.id)).toBe(1_790_000_000_123);
  });

  it('has an id of its own each time', () => {
    expect(OrderPlaced('42', data).id).not.toBe(OrderPlaced('42', data).id);
  });

  it('takes the id and the sequence that it is given', () => {
    expect(OrderPlaced('42', data, { id, sequence: 3 })).toMatchObject({ id, sequence: 3 });
    expect(OrderPlaced('42', data, { sequence: 'next' })).toMatchObject({ sequence: 'next' });
  });

  it('does not follow later changes of its data, and allows none', () => {
    const mine = { orderId: '42', total: 12, lines: [{ sku: 'a' }] };
    const Placed = defineEvent('order.placed', { aggregateType: 'order', schema: z.unknown() });
    const event = Placed('42', mine);

    mine.lines.push({ sku: 'b' });

    expect(event.data).toEqual({ orderId: '42', total: 12, lines: [{ sku: 'a' }] });
    const { lines } = event.data as typeof mine;
    expect([event, event.data, lines, lines[0]].map((part) => Object.isFrozen(part))).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('has no more in its data than JSON has', () => {
    const Placed = defineEvent('order.placed', { aggregateType: 'order', schema: z.unknown() });

    const { data: parsed } = Placed('42', { at: new Date(0), none: undefined, not: null });

    expect(parsed).toEqual({ at: '1970-01-01T00:00:00.000Z', not: null });
  });

  it.each([
    [undefined, 'it is undefined'],
    [() => 1, 'it is a function'],
    [{ total: 1n }, 'total is a bigint'],
    [{ total: NaN }, 'total is NaN'],
    [{ total: Infinity }, 'total is Infinity'],
    [{ tags: new Set(['a']) }, 'tags is an instance of Set'],
    [{ tags: new Map() }, 'tags is an instance of Map'],
    [{ list: [1, undefined] }, '*.1 is undefined'],
    [{ act: () => 1 }, '* is a function'],
    [{ sign: Symbol('s') }, '* is a symbol'],
    [circle(), '* is an object that contains it'],
  ])('refuses data that JSON cannot hold: %o', (bad, problem) => {
    const schema = z.looseObject({ total: z.unknown(), tags: z.unknown() });
    const Placed = defineEvent('order.placed', { aggregateType: 'order', schema });

    expect(() => Placed('42', bad as never, { id })).toThrow(
      expect.objectContaining({
        code: 'EVENT_NOT_JSON',
        message: expect.stringContaining(problem) as string,
        details: { type: 'order.placed', eventId: id },
      }),
    );
  });

  it.each(['', 'x'.repeat(1019), '\ud800'])('refuses the aggregate id %o', (aggregateId) => {
    expect(() => OrderPlaced(aggregateId, data)).toThrow(
      expect.objectContaining({ code: 'AGGREGATE_INVALID' }),
    );
  });

  it.each([undefined, null, 42])('refuses the aggregate id %o, which is no text', (aggregateId) => {
    expect(() => OrderPlaced(aggregateId as unknown as string, data)).toThrow(
      expect.objectContaining({ code: 'AGGREGATE_INVALID', details: { type: 'order.placed' } }),
    );
  });

  it('takes any other text for an aggregate id, up to 1024 bytes with its type', () => {
    expect(OrderPlaced('a/b c#é', data).aggregate).toBe('order/a/b c#é');
    expect(OrderPlaced('x'.repeat(1018), data).aggregate).toHaveLength(1024);
    expect(() => OrderPlaced('é'.repeat(510), data)).toThrow('1026 bytes');
  });

  it.each([0, -1, 1.5, NaN, Number.MAX_SAFE_INTEGER + 1, '1'])(
    'refuses the sequence %o',
    (sequence) => {
      expect(() => OrderPlaced('42', data, { sequence: sequence as number })).toThrow(
        expect.objectContaining({ code: 'SEQUENCE_INVALID' }),
      );
    },
  );

  it.each(['', '42', id.toUpperCase(), '0199a1b2-c3d4-4000-8000-000000000001'])(
    'refuses the id %o',
    (bad) => {
      expect(() => OrderPlaced('42', data, { id: bad })).toThrow(
        expect.objectContaining({ code: 'EVENT_INVALID' }),
      );
    },
  );

  it('takes its data from a schema of any library', () => {
    const Valibot = defineEvent('v', {
      aggregateType: 'a',
      schema: v.object({ total: v.number() }),
    });
    const Arktype = defineEvent('a', { aggregateType: 'a', schema: type({ total: 'number' }) });

    expect(Valibot('1', { total: 1 }).data).toEqual({ total: 1 });
    expect(Arktype('1', { total: 1 }).data).toEqual({ total: 1 });
  });
});

function step(old: unknown): unknown {
  return old;
}

function circle(): object {
  const round: Record<string, unknown> = {};
  round['round'] = round;
  return round;
}
