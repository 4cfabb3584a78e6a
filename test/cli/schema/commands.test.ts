import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { run, type Ran } from '../support/run.ts';

const imports = `
import { defineEvent } from '${pathToFileURL(resolve('lib/runtime.ts')).href}';
import { z } from '${import.meta.resolve('zod')}';
import * as v from '${import.meta.resolve('valibot')}';
const placed = { orderId: z.string(), total: z.number() };
`;

const orderPlaced = `export const OrderPlaced = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object(placed),
});`;

let root = '';
let folder = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'schema-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(root, 'service-'));
});

const snapshotFile = (): string => join(folder, 'events.json');

let files = 0;

/** Types the command with a catalogue of this source; modules are loaded once, so each has a name of its own. */
function schema(verb: 'check' | 'write', source: string, more = ''): Promise<Ran> {
  const file = join(folder, `events-${++files}.ts`);
  writeFileSync(file, `${imports}${source}`);
  return run(`schema ${verb} --catalogue ${file} --snapshot ${snapshotFile()} ${more}`);
}

const v2 = (upcast: string, fields = '{ ...placed, currency: z.string() }'): string =>
  `export const OrderPlaced = defineEvent('order.placed', {
    version: 2,
    aggregateType: 'order',
    schema: z.object(${fields}),
    ${upcast}
  });`;
const upcastFrom1 = `upcast: { 1: (old) => ({ ...old, currency: 'EUR' }) },`;

describe('outbox schema write', () => {
  it('writes the JSON Schema of each version of each type, in an order that does not depend on the module', async () => {
    const other = `export const Cancelled = defineEvent('order.cancelled', { aggregateType: 'order', schema: z.object({}) });`;

    const { code, notes } = await schema('write', `${orderPlaced}\n${other}`);
    const first = readFileSync(snapshotFile(), 'utf8');
    await schema('write', `${other}\n${orderPlaced}`);

    expect(code).toBe(0);
    expect(notes).toContain('has 2 types: commit it');
    expect(JSON.parse(first)).toMatchObject({
      format: 1,
      events: {
        'order.cancelled': { aggregate: 'order' },
        'order.placed': {
          aggregate: 'order',
          versions: { 1: { type: 'object', required: ['orderId', 'total'] } },
        },
      },
    });
    expect(readFileSync(snapshotFile(), 'utf8')).toBe(first);
  });

  it('keeps an earlier version as long as it can be read', async () => {
    await schema('write', orderPlaced);
    await schema('write', v2(upcastFrom1));

    const { events } = JSON.parse(readFileSync(snapshotFile(), 'utf8')) as {
      events: Record<string, { versions: object }>;
    };
    expect(Object.keys(events['order.placed']!.versions)).toEqual(['1', '2']);
  });

  it('writes nothing that would be misread, unless it is forced', async () => {
    await schema('write', orderPlaced);
    const before = readFileSync(snapshotFile(), 'utf8');

    const refused = await schema('write', v2(''));
    const afterwards = readFileSync(snapshotFile(), 'utf8');
    const forced = await schema('write', v2(''), '--force');

    expect(refused).toMatchObject({ code: 1, notes: 'Not written.\n' });
    expect(afterwards).toBe(before);
    expect(forced.code).toBe(0);
    expect((await schema('check', v2(''))).code).toBe(0);
  });
});

describe('a catalogue in TypeScript', () => {
  const app = (type: 'commonjs' | 'module', module: string) => ({
    'package.json': JSON.stringify({ type }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: { module, strict: true, paths: { '@orders/*': ['./src/orders/*'] } },
    }),
    'src/orders/fields.ts': `import { z } from '${import.meta.resolve('zod')}';
      export enum Currency { EUR = 'EUR', USD = 'USD' }
      export const placed = z.object({ orderId: z.string(), currency: z.enum(Currency) });`,
  });

  it.each([
    ['a CommonJS app', 'commonjs', 'NodeNext', './orders/fields'],
    ['a CommonJS app', 'commonjs', 'NodeNext', './orders/fields.js'],
    ['a CommonJS app', 'commonjs', 'CommonJS', '@orders/fields'],
    ['an ES module app', 'module', 'NodeNext', './orders/fields.js'],
    ['an ES module app', 'module', 'NodeNext', './orders/fields.ts'],
    ['an ES module app', 'module', 'Preserve', './orders/fields'],
  ] as const)(
    'is loaded from %s (%s, module %s) that imports %s',
    async (_, type, module, path) => {
      mkdirSync(join(folder, 'src/orders'), { recursive: true });
      for (const [name, text] of Object.entries(app(type, module))) {
        writeFileSync(join(folder, name), text);
      }
      const catalogue = join(folder, 'src/events.ts');
      writeFileSync(
        catalogue,
        `import { defineEvent } from '${pathToFileURL(resolve('lib/runtime.ts')).href}';
       import { placed } from '${path}';
       export const OrderPlaced = defineEvent('order.placed', { aggregateType: 'order', schema: placed });`,
      );

      const { code, notes } = await run(
        `schema write --catalogue ${catalogue} --snapshot ${snapshotFile()}`,
      );

      expect({ code, notes }).toMatchObject({
        code: 0,
        notes: expect.stringContaining('has 1 type: commit it') as string,
      });
    },
  );
});

describe('an event whose type is a name that every object inherits', () => {
  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty'])(
    '%s is written and compared like any other',
    async (type) => {
      const event = `export const Event = defineEvent('${type}', {
        aggregateType: 'order',
        schema: z.object({ constructor: z.string(), toString: z.number().optional() }),
      });`;
      await schema('write', orderPlaced);

      const added = await schema('write', `${orderPlaced}\n${event}`);
      const same = await schema('check', `${orderPlaced}\n${event}`);
      const changed = await schema(
        'check',
        `${orderPlaced}\n${event.replace('constructor: z.string()', 'constructor: z.number()')}`,
      );

      expect([added.code, same.code]).toEqual([0, 0]);
      expect(changed.out).toContain(`${type} version 1, data.constructor: was string, is number`);
    },
  );
});

describe('the file of the snapshot', () => {
  it('is written into a folder that is not there yet', async () => {
    const nested = `--snapshot ${join(folder, 'contracts/events/all.json')}`;

    const { code } = await schema('write', orderPlaced, nested);

    expect(code).toBe(0);
    expect((await schema('check', orderPlaced, nested)).code).toBe(0);
  });

  it('fails by its name where it cannot be read or written', async () => {
    mkdirSync(join(folder, 'is-a-folder'));
    symlinkSync(join(folder, 'nowhere/events.json'), join(folder, 'leads-nowhere'));

    const read = await schema('write', orderPlaced, `--snapshot ${join(folder, 'is-a-folder')}`);
    const written = await schema(
      'write',
      orderPlaced,
      `--snapshot ${join(folder, 'leads-nowhere')}`,
    );

    expect([read.code, written.code]).toEqual([2, 2]);
    expect(read.notes).toMatch(/snapshot \S+is-a-folder cannot be read: EISDIR/);
    expect(written.notes).toMatch(/snapshot \S+leads-nowhere cannot be written: ENOENT/);
  });
});

describe('outbox schema check', () => {
  beforeEach(async () => {
    await schema('write', orderPlaced);
  });

  it('passes the same events', async () => {
    const { code, out, notes } = await schema('check', orderPlaced);

    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(notes).toContain('those that were agreed on');
  });

  it.each([
    [
      'a new optional field',
      orderPlaced.replace('placed)', '{ ...placed, coupon: z.string().optional() })'),
    ],
    [
      'a new type',
      `${orderPlaced} export const Paid = defineEvent('order.paid', { aggregateType: 'order', schema: z.object({}) });`,
    ],
    ['a new version that reads the old one', v2(upcastFrom1)],
  ])('fails for %s only until it is in the snapshot, and says so', async (_, source) => {
    const { code, out } = await schema('check', source);
    await schema('write', source);

    expect(code).toBe(1);
    expect(out).toMatch(
      /^✗ the snapshot lacks what is new; nothing would be misread\n {4}→ npx outbox schema write --catalogue \S+ --snapshot \S+, and commit it\n$/,
    );
    expect((await schema('check', source)).code).toBe(0);
  });

  it('looks at definitions in objects and lists too, and at each once', async () => {
    const paid = (schema: string): string => `${orderPlaced}
      const paid = defineEvent('order.paid', { aggregateType: 'order', schema: z.object({ cents: ${schema} }) });
      export const events = { order: { paid }, all: [OrderPlaced, paid] };
      events.events = events;`;
    await schema('write', paid('z.number()'));

    const { code, out } = await schema('check', paid('z.string()'));

    expect(code).toBe(1);
    expect(out).toContain('order.paid version 1, data.cents: was number, is string');
  });

  const changed = 'take the change back, or make it version 2 with upcast: { 1: … }';
  it.each([
    [
      'a field of another type',
      orderPlaced.replace('placed)', '{ ...placed, total: z.string() })'),
      ['order.placed version 1, data.total: was number, is string', changed],
    ],
    [
      'a field that was removed',
      orderPlaced.replace('placed)', '{ orderId: placed.orderId })'),
      ['order.placed version 1, data.total: was removed', changed],
    ],
    [
      'a new version without a way from the old one',
      v2(''),
      [
        'order.placed version 2: there is no upcast from version 1',
        'add upcast: { 1: … }, or, once version 1 can no longer arrive: outbox schema write --force',
      ],
    ],
    [
      'a type that was removed',
      `export const Paid = defineEvent('order.paid', { aggregateType: 'order', schema: z.object({}) });`,
      [
        'order.placed version 1: the type was removed',
        'restore it, or, once it is no longer written or read: outbox schema write --force',
      ],
    ],
    [
      'another aggregate',
      orderPlaced.replace("'order',", "'purchase',"),
      [
        'order.placed version 1: the aggregate was order, is purchase',
        'restore it, or define another event type',
      ],
    ],
    [
      'a library that has no JSON Schema',
      orderPlaced.replace('z.object(placed)', 'v.object({ orderId: v.string() })'),
      [
        'order.placed version 1: cannot be compared: it has no JSON Schema',
        'wrap it with toStandardJsonSchema of @valibot/to-json-schema',
      ],
    ],
    [
      'a schema that JSON Schema has no words for',
      orderPlaced.replace('placed)', '{ ...placed, at: z.coerce.date() })'),
      [
        'order.placed version 1: cannot be compared: zod says: Date cannot be represented in JSON Schema',
        'describe the JSON that is written, and convert it afterwards: z.iso.datetime().pipe(z.coerce.date())',
      ],
    ],
  ])('fails for %s, and says what to do', async (_, source, [problem, nextStep]) => {
    const { code, out } = await schema('check', source);

    expect({ code, out }).toEqual({ code: 1, out: `✗ ${problem}\n    → ${nextStep}\n` });
  });

  it('passes a date that follows the next step', async () => {
    const converted = orderPlaced.replace(
      'placed)',
      '{ ...placed, at: z.iso.datetime().pipe(z.coerce.date()).optional() })',
    );
    await schema('write', converted);

    expect((await schema('check', converted)).code).toBe(0);
  });

  it('fails for a version that is lower than it was, and for an old one that changed with the new', async () => {
    const both = `${v2(upcastFrom1)} export const Old = ${orderPlaced.replace('export const OrderPlaced = ', '')}`;
    await schema('write', both);

    const lower = await schema('check', orderPlaced);
    const changedOld = await schema('check', both.replace('z.object(placed)', 'z.object({})'));

    expect(lower).toMatchObject({
      code: 1,
      out: '✗ order.placed version 1: the version was 2, is 1\n    → make it 2 again, or 3\n',
    });
    expect(changedOld.out).toContain(
      'order.placed version 1, data.orderId: was removed\n    → take the change back: an old version does not change any more',
    );
  });

  it('tells a script the same', async () => {
    const { code, out } = await schema('check', v2(''), '--json');

    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      isBehind: true,
      problems: [expect.objectContaining({ type: 'order.placed', version: 2 })],
    });
  });
});

describe('what cannot be compared at all', () => {
  it.each([
    ['a module without events', 'export const nothing = 1;', 'exports no event definitions'],
    [
      'a module that does not load',
      'throw new Error("no database");',
      'cannot be loaded: no database',
    ],
    [
      'two definitions of one version',
      `${orderPlaced} export const Again = ${orderPlaced.replace('export const OrderPlaced = ', '')}`,
      'has two definitions of order.placed version 1',
    ],
  ])('%s', async (_, source, problem) => {
    const { code, notes } = await schema('write', source);

    expect(code).toBe(2);
    expect(notes).toContain(problem);
    expect(existsSync(snapshotFile())).toBe(false);
  });

  it('a snapshot that is not there, or is none', async () => {
    const missing = await schema('check', orderPlaced);
    writeFileSync(snapshotFile(), '{"events":[]}');
    const strange = await schema('check', orderPlaced);

    expect(missing).toMatchObject({ code: 2 });
    expect(missing.notes).toMatch(
      /there is no snapshot .* yet: npx outbox schema write --catalogue/,
    );
    expect(strange).toMatchObject({ code: 2 });
    expect(strange.notes).toContain('is no snapshot of events');
  });
});
