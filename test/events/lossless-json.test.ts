import { runInNewContext } from 'node:vm';

import { NumberValue } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';

import { ownLimits } from '../../lib/core/limits.ts';
import { defineEvent } from '../../lib/events/define-event.ts';
import { NotLosslessError, toLosslessJson } from '../../lib/events/lossless-json.ts';
import { resultToText } from '../../lib/inbox/lease.ts';
import { defineSaga } from '../../lib/saga/define-saga.ts';

const secret = 'jane@example.org';

class Money {
  readonly cents = 1;
}

function cyclic(): object {
  const one: Record<string, unknown> = {};
  one[secret] = { back: one };
  return one;
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

/** A value that JSON changes, and what is said of it. */
const lossy: readonly (readonly [what: string, value: unknown, problem: string])[] = [
  ['undefined', undefined, 'is undefined'],
  ['NaN', NaN, 'is NaN'],
  ['Infinity', -Infinity, 'is -Infinity'],
  ['a bigint', 1n, 'is a bigint'],
  ['a function', () => 1, 'is a function'],
  ['a symbol', Symbol(secret), 'is a symbol'],
  ['an invalid Date', new Date('next tuesday'), 'is an instance of Date without a valid value'],
  ['a boxed NaN', new Number(NaN), 'is an instance of Number'],
  ['a boxed number', new Number(1), 'is an instance of Number'],
  ['a boxed string', new String(secret), 'is an instance of String'],
  ['a Promise', Promise.resolve(secret), 'is an instance of Promise'],
  ['an Error', new RangeError(secret), 'is an instance of RangeError'],
  ['a RegExp', /a/, 'is an instance of RegExp'],
  ['an ArrayBuffer', new ArrayBuffer(1), 'is an instance of ArrayBuffer'],
  ['a typed array', new Uint8Array(1), 'is an instance of Uint8Array'],
  ['a Buffer', Buffer.from(secret), 'is an instance of Buffer'],
  ['a DataView', new DataView(new ArrayBuffer(1)), 'is an instance of DataView'],
  ['Headers', new Headers({ a: secret }), 'is an instance of Headers'],
  ['a Map', new Map([[secret, 1]]), 'is an instance of Map'],
  ['a Set', new Set([secret]), 'is an instance of Set'],
  ['a WeakMap', new WeakMap(), 'is an instance of WeakMap'],
  ['an iterator', [1].values(), 'is an instance of'],
  [
    'a generator',
    (function* () {
      yield 1;
    })(),
    'is an instance of',
  ],
  ['a NumberValue', new NumberValue('12345678901234567890'), 'is an instance of NumberValue'],
  ['an instance of a class', new Money(), 'is an instance of Money'],
  ['an object made of another one', Object.create({ a: 1 }), 'is an instance of'],
  ['an object with a symbol', { [Symbol(secret)]: 1 }, 'is named by a symbol'],
  ['a list with holes', Object.assign([1], { length: 3 }), 'is a list with holes'],
  ['a list with names', Object.assign([1], { [secret]: 1 }), 'is a list with holes or with named'],
  ['the result of a search', /j/.exec(secret), 'is a list with holes or with named properties'],
  ['a Map of another realm', runInNewContext('new Map()'), 'is an instance of Map'],
  ['a cycle', cyclic(), 'is an object that contains it'],
  [
    'an object that says null',
    { toJSON: () => null },
    'is an instance of Object without a valid value',
  ],
  ['what is too deep', nested(ownLimits.maxDataDepth + 1), 'is more than 100 levels deep'],
  ['what is far too deep', nested(20_000), 'is more than 100 levels deep, which is the limit'],
  [
    'a getter that throws',
    {
      get [secret]() {
        throw new RangeError(secret);
      },
    },
    'threw RangeError',
  ],
];

describe('JSON that loses nothing', () => {
  it.each(lossy)('refuses %s without quoting it', (_, value, problem) => {
    const refuse = (): string => toLosslessJson(value);

    expect(refuse).toThrow(NotLosslessError);
    expect(refuse).toThrow(problem);
    expect(refuse).not.toThrow(secret);
  });

  it.each(lossy)('refuses %s inside of data, with the place and no name', (_, value) => {
    const data = { [secret]: [{ inner: 1 }, { [secret]: [value] }] };

    expect(() => toLosslessJson(data)).toThrow(/^(\*\.1\.\*\.0|it)/);
    expect(() => toLosslessJson(data)).not.toThrow(secret);
  });

  it.each<[string, unknown, string]>([
    ['a valid Date as text', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['what writes itself', { toJSON: () => ({ cents: 1 }) }, '{"cents":1}'],
    ['what is not given', { a: undefined, b: 1 }, '{"b":1}'],
    ['-0 as 0', -0, '0'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['an object of another realm', runInNewContext('({ a: [1] })'), '{"a":[1]}'],
    ['a property called __proto__', JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    ['one object in two places', [Array(2).fill({ a: 1 })], '[[{"a":1},{"a":1}]]'],
    ['half a character', '\ud800', String.raw`"\ud800"`],
  ])('writes %s', (_, value, json) => {
    expect(toLosslessJson(value)).toBe(json);
  });

  it('writes data of as many levels as are allowed', () => {
    expect(JSON.parse(toLosslessJson(nested(ownLimits.maxDataDepth)))).toEqual(
      nested(ownLimits.maxDataDepth),
    );
  });

  it('writes what a getter returned once, not what it returns when it is read again', () => {
    let reads = 0;
    const data = {
      get once() {
        reads += 1;
        return reads === 1 ? 1 : NaN;
      },
    };

    expect(toLosslessJson(data)).toBe('{"once":1}');
  });

  test('returns what was written, for any value that it does not refuse', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    const data = fc.oneof(fc.jsonValue(), anything);

    fc.assert(
      fc.property(data, (value) => {
        const read = readAgain(value);
        if (read !== undefined) expect(read.value).toEqual(expectedOf(value));
      }),
      { numRuns: 2_000 },
    );
  });

  test('refuses nothing that JSON made', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
        const data: unknown = JSON.parse(JSON.stringify(value));

        expect(JSON.parse(toLosslessJson(data))).toStrictEqual(data);
      }),
    );
  });
});

function readAgain(value: unknown): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(toLosslessJson(value)) };
  } catch (error) {
    expect(error).toBeInstanceOf(NotLosslessError);
    return undefined;
  }
}

/** What is documented to change: Dates are text, -0 is 0, and a prototype that is null is that of an object. */
function expectedOf(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(expectedOf);
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value;
  const entries = Object.entries(value).map(([key, one]) => [key, expectedOf(one)]);
  return Object.fromEntries(entries);
}

describe('values that JSON would change', () => {
  const cases = lossy.filter(([what]) => what !== 'undefined');

  it.each(cases)('make an event fail with its type and id: %s', (_, value) => {
    const Placed = defineEvent('order.placed', { aggregateType: 'order', schema: z.any() });

    expect(() => Placed('42', { [secret]: value })).toThrow(
      expect.objectContaining({
        code: 'EVENT_NOT_JSON',
        message: expect.stringMatching(/order\.placed [\da-f-]{36} .*Use text, finite/) as string,
      }) as Error,
    );
    expect(() => Placed('42', { [secret]: value })).not.toThrow(secret);
  });

  it.each(cases)('make a saga fail that keeps them: %s', (_, value) => {
    const Placed = defineEvent('order.placed', { aggregateType: 'order', schema: z.any() });
    const saga = defineSaga('s', { state: z.unknown() }).startedBy(
      Placed,
      (step) => {
        step.setState({ [secret]: value });
      },
      { key: () => '1' },
    );
    const start = (): unknown => saga.transition(undefined, Placed('42', {}));

    expect(start).toThrow(expect.objectContaining({ code: 'SAGA_INVALID' }) as Error);
    expect(start).not.toThrow(secret);
  });

  it.each(cases)('are not remembered as the result of a handler: %s', (_, value) => {
    const result = resultToText({ [secret]: value }, 'some-id');

    expect(result).toMatchObject({ status: 'invalid', error: { code: 'RESULT_INVALID' } });
    expect(JSON.stringify([result, String((result as { error?: Error }).error)])).not.toContain(
      secret,
    );
  });

  it('are found where a schema made a Date of what is no date', () => {
    const schema = z.object({ at: z.coerce.date() });
    const Placed = defineEvent('order.placed', { aggregateType: 'order', schema });

    expect(() => Placed('42', { at: new Date('never') })).toThrow(
      'would not be the same after JSON: at is an instance of Date without a valid value',
    );
  });
});
