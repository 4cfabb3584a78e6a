import { type } from 'arktype';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import {
  differencesBetween,
  type Difference,
  type JsonSchema,
} from '../../../lib/cli/schema/compare.ts';

interface Describable {
  readonly '~standard': { readonly jsonSchema: { input(options: object): JsonSchema } };
}

function schemaOf(schema: unknown): JsonSchema {
  return (schema as Describable)['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
}

function compare(before: unknown, after: unknown): Difference[] {
  return differencesBetween(schemaOf(before), schemaOf(after));
}

const line = z.object({ sku: z.string(), count: z.number() });
const person = z.object({ person: z.string() });
const company = z.object({ company: z.string() });
const order = z.object({
  orderId: z.string(),
  note: z.string().optional(),
  status: z.enum(['open', 'paid']),
  lines: z.array(line),
  payer: z.union([person, company]),
});
const shape = order.shape;

describe('a schema suits readers and data of an earlier one', () => {
  it.each([
    ['where nothing changed', order],
    ['with a new optional field', order.extend({ coupon: z.string().optional() })],
    ['with a new field that has a default', order.extend({ count: z.number().default(1) })],
    [
      'with a new optional field in a list',
      order.extend({ lines: z.array(line.extend({ unit: z.string().optional() })) }),
    ],
    ['with a description', order.extend({ orderId: z.string().describe('its id') })],
    ['with its alternatives in another order', order.extend({ payer: z.union([company, person]) })],
  ])('%s', (_, after) => {
    expect(compare(order, after)).toEqual([]);
  });
});

describe('a schema is told apart from an earlier one', () => {
  it.each<[string, z.ZodType, [path: string, change: unknown]]>([
    ['by a field that was removed', order.omit({ orderId: true }), ['data.orderId', 'was removed']],
    [
      'by an optional field that was removed',
      order.omit({ note: true }),
      ['data.note', 'was removed'],
    ],
    [
      'by a field of another type',
      order.extend({ orderId: z.number() }),
      ['data.orderId', 'was string, is number'],
    ],
    [
      'by a field that may be null',
      order.extend({ orderId: z.string().nullable() }),
      ['data.orderId', expect.any(String)],
    ],
    [
      'by a new required field',
      order.extend({ total: z.number() }),
      ['data.total', 'is new and required'],
    ],
    [
      'by a field that is required now',
      order.extend({ note: z.string() }),
      ['data.note', 'was optional, is required'],
    ],
    [
      'by a field that is optional now',
      order.extend({ orderId: z.string().optional() }),
      ['data.orderId', 'was required, is optional'],
    ],
    [
      'by a value that is gone',
      order.extend({ status: z.enum(['open']) }),
      ['data.status', 'no longer takes "paid"'],
    ],
    [
      'by a new value',
      order.extend({ status: z.enum(['open', 'paid', 'sent']) }),
      ['data.status', 'newly takes "sent"'],
    ],
    [
      'by a field in a list',
      order.extend({ lines: z.array(line.extend({ sku: z.number() })) }),
      ['data.lines[].sku', 'was string, is number'],
    ],
    [
      'by an alternative less',
      order.extend({ payer: z.union([z.object({ person: z.string() })]) }),
      ['data.payer', 'had 2 alternatives, has 1'],
    ],
    [
      'by a bound',
      order.extend({ orderId: z.string().min(3) }),
      ['data.orderId', 'minLength is new: 3'],
    ],
    [
      'by a format',
      order.extend({ orderId: z.iso.date() }),
      ['data.orderId', expect.stringContaining('format is new')],
    ],
    [
      'by what it says of unknown fields',
      z.strictObject(shape),
      ['data', 'takes other unknown fields than before'],
    ],
  ])('%s', (_, after, [path, change]) => {
    expect(compare(order, after)).toContainEqual({ path, change });
  });

  it('by a new optional field, where unknown fields are refused', () => {
    const strict = z.strictObject({ orderId: z.string() });

    expect(compare(strict, strict.extend({ note: z.string().optional() }))).toEqual([
      { path: 'data.note', change: 'is new, where unknown fields are refused' },
    ]);
  });

  it('by a constant, a value of a record, and an element of a tuple', () => {
    const before = z.object({
      kind: z.literal('a'),
      tags: z.record(z.string(), z.string()),
      pair: z.tuple([z.string(), z.string()]),
    });
    const after = z.object({
      kind: z.literal('b'),
      tags: z.record(z.string(), z.number()),
      pair: z.tuple([z.string(), z.number()]),
    });

    expect(compare(before, after).map(({ path }) => path)).toEqual([
      'data.kind',
      'data.kind',
      'data.tags.*',
      'data.pair[1]',
    ]);
  });

  it('by one of two alternatives that were the same', () => {
    const text = { type: 'string' };

    expect(
      differencesBetween({ anyOf: [text, text] }, { anyOf: [text, { type: 'number' }] }),
    ).toEqual([{ path: 'data', change: 'was string, is number' }]);
  });

  it('by fields that are known by a pattern of their names', () => {
    const tags = (value: z.ZodType, pattern = /^x-/) =>
      z.looseRecord(z.string().regex(pattern), value);

    expect(compare(tags(line), tags(line.extend({ unit: z.string().optional() })))).toEqual([]);
    expect(compare(tags(z.string()), tags(z.number()))).toEqual([
      { path: 'data./^x-/', change: 'was string, is number' },
    ]);
    expect(compare(tags(z.string()), tags(z.string(), /^y-/))).toEqual([
      { path: 'data./^x-/', change: 'was removed' },
      { path: 'data./^y-/', change: 'is new' },
    ]);
  });

  it.each([
    ['patternProperties', { patternProperties: { '^x-': { $ref: '#/$defs/It' } } }],
    ['propertyNames', { propertyNames: { $ref: '#/$defs/It' } }],
    ['contains', { contains: { type: 'array', items: { $ref: '#/$defs/It' } } }],
    ['if', { if: { anyOf: [{ $ref: '#/$defs/It' }] } }],
  ])('by what it refers to in the same words under %s', (_, schema) => {
    const meaning = (type: string): JsonSchema => ({ ...schema, $defs: { It: { type } } });

    expect(differencesBetween(meaning('string'), meaning('string'))).toEqual([]);
    expect(differencesBetween(meaning('string'), meaning('number'))).toContainEqual({
      path: expect.stringMatching(/^data/) as string,
      change: 'was string, is number',
    });
  });

  it('in a schema that contains itself, at the place that changed', () => {
    const tree = (value: z.ZodType) => {
      const node: z.ZodType = z.object({
        value,
        get children() {
          return z.array(node);
        },
      });
      return node;
    };

    expect(compare(tree(z.string()), tree(z.string()))).toEqual([]);
    expect(compare(tree(z.string()), tree(z.number()))).toContainEqual({
      path: 'data.value',
      change: 'was string, is number',
    });
  });

  it('with any schema library', () => {
    const before = type({ orderId: 'string', 'note?': 'string' });

    expect(
      compare(before, type({ orderId: 'string', 'note?': 'string', 'extra?': 'number' })),
    ).toEqual([]);
    expect(compare(before, type({ orderId: 'number', 'note?': 'string' }))).toEqual([
      { path: 'data.orderId', change: 'was string, is number' },
    ]);
  });
});

describe('the comparison', () => {
  it('finds a difference in either direction, or in none', () => {
    const leaf = fc.constantFrom<JsonSchema>(
      { type: 'string' },
      { type: 'number' },
      { enum: ['a'] },
      { const: 1 },
    );
    const schema = fc.letrec<{ any: JsonSchema; object: JsonSchema }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        tie('object'),
        fc.record({ type: fc.constant('array'), items: tie('any') }),
      ),
      object: fc
        .dictionary(fc.constantFrom('a', 'b', 'c'), tie('any'))
        .map((properties) => ({ type: 'object', properties, required: Object.keys(properties) })),
    })).any;

    fc.assert(
      fc.property(schema, schema, (a, b) => {
        const [there, back] = [differencesBetween(a, b), differencesBetween(b, a)];

        expect(differencesBetween(a, a)).toEqual([]);
        expect(there.length === 0).toBe(back.length === 0);
        expect(new Set(there.map(({ path }) => path))).toEqual(
          new Set(back.map(({ path }) => path)),
        );
      }),
    );
  });
});
