import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { describeIssues } from '../../lib/events/schema-issues.ts';

const secret = 'jane@example.org';

async function issuesOf(
  schema: StandardSchemaV1,
  data: unknown,
  validationDetail?: 'codes' | 'messages',
): Promise<string[]> {
  const { issues = [] } = await schema['~standard'].validate(data);
  return describeIssues(issues, data, { schema, validationDetail });
}

/** A schema with nothing but issues of its own making. */
function failing(...issues: (StandardSchemaV1.Issue & { code?: string })[]): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'own', validate: () => ({ issues }) } };
}

const Age = v.object({ age: v.number() });

describe('issues as text', () => {
  it.each<[string, StandardSchemaV1, unknown, string[]]>([
    [
      'a property of zod',
      z.object({ buyer: z.object({ age: z.number() }) }),
      { buyer: { age: secret } },
      ['buyer.age: invalid_type'],
    ],
    [
      'a property of arktype, whose path is a class of its own',
      type({ buyer: { age: 'number' } }),
      { buyer: { age: secret } },
      ['buyer.age: domain'],
    ],
    ['a missing property', z.object({ 'age?': z.number() }), {}, ['age?: invalid_type']],
    ['the data itself', z.number(), secret, ['invalid_type']],
    [
      'a place in a list',
      z.object({ lines: z.array(z.object({ sku: z.number() })) }),
      { lines: [{ sku: 1 }, { sku: secret }] },
      ['lines.1.sku: invalid_type'],
    ],
    [
      'a date, which JSON Schema does not know',
      z.object({ at: z.date() }),
      { at: secret },
      ['at: invalid_type'],
    ],
  ])('name %s', async (_, schema, data, described) => {
    expect(await issuesOf(schema, data)).toEqual(described);
  });

  it.each<[string, StandardSchemaV1, unknown, string[]]>([
    ['valibot, which lists no names', Age, { age: secret }, ['*: number']],
    ['a key of a record', z.record(z.string(), z.number()), { [secret]: 'a' }, ['*: invalid_type']],
    [
      'a key of a valibot record',
      v.record(v.string(), v.number()),
      { [secret]: 'a' },
      ['*: number'],
    ],
    [
      'a key of an arktype record',
      type({ '[string]': 'number' }),
      { [secret]: 'a' },
      ['*: domain'],
    ],
    [
      'a number that is a key',
      z.record(z.string(), z.number()),
      { 4711: 'a' },
      ['*: invalid_type'],
    ],
    ['an unknown key', z.strictObject({}), { [secret]: 1 }, ['unrecognized_keys']],
    ['an unknown key of valibot', v.strictObject({}), { [secret]: 1 }, ['*: strict_object']],
    ['an unknown key of arktype', type({ '+': 'reject' }), { [secret]: 1 }, ['*: predicate']],
    [
      'a key that is no member',
      z.record(z.enum(['a']), z.any()),
      { a: 1, [secret]: 1 },
      ['unrecognized_keys'],
    ],
    ['a value that is no member', z.enum(['a']), secret, ['invalid_value']],
    [
      'a refusal in own words',
      z.string().refine(() => false, { error: ({ input }) => String(input) }),
      secret,
      ['custom'],
    ],
    ['a code that is no code', failing({ message: secret, code: secret }), secret, ['invalid']],
    [
      'a path of own making',
      failing({ message: '', path: [secret, { key: secret }, Symbol(secret)] }),
      {},
      ['*.*.*: invalid'],
    ],
    ['a place in no list', failing({ message: '', path: [4711] }), { 4711: 1 }, ['*: invalid']],
  ])('show nothing of the data for %s', async (_, schema, data, described) => {
    const issues = await issuesOf(schema, data);

    expect(issues).toEqual(described);
    expect(issues.join()).not.toMatch(/jane|4711/);
  });

  it('are at most ten, and the number of the others', async () => {
    const issues = await issuesOf(z.array(z.number()), Array(13).fill(secret));

    expect(issues).toHaveLength(11);
    expect(issues.slice(9)).toEqual(['9: invalid_type', 'and 3 more']);
  });

  it('are the messages of the library where that is asked for, 256 characters of each', async () => {
    const schema = z.object({ sku: z.string().refine(() => false, 'no more '.repeat(100)) });

    const [issue = ''] = await issuesOf(schema, { sku: 'a' }, 'messages');

    expect(issue).toMatch(/^sku: no more no more/);
    expect(issue).toHaveLength(256);
  });

  it('have places without names where the JSON Schema cannot be written', async () => {
    const schema = z.object({ age: z.number() });
    const broken: StandardSchemaV1 = {
      '~standard': Object.assign(Object.create(schema['~standard']) as StandardSchemaV1.Props, {
        validate: schema['~standard'].validate,
        jsonSchema: {
          input: () => {
            throw new Error('no');
          },
        },
      }),
    };

    expect(await issuesOf(broken, { age: 'a' })).toEqual(['*: invalid_type']);
  });
});
