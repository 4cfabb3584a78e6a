import { inspect } from 'node:util';

import { Logger } from '@aws-lambda-powertools/logger';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';

import { defineEvent, defineSaga, reject, type Inbox } from '../lib/runtime.ts';
import { toValidJson } from '../lib/events/event-data.ts';
import { publish } from '../lib/delivery/publish.ts';
import { messageOf, sqsEventOf } from '../lib/testing.ts';
import { memoryRig } from './inbox/support.ts';
import { memoryWorld } from './saga/support.ts';
import { createFakeDestination, sdkError } from './support/fake-destination.ts';
import { outgoingOf, publishPorts } from './support/outgoing.ts';

const aggregate = 'order';
/** What must not come out anywhere. It is written in capitals, as no name of ours is. */
const canary = 'CANARY';

/** Schemas of each library, which refuse all data that is planted, each for a reason of its own. */
const schemas: Readonly<Record<string, readonly StandardSchemaV1[]>> = {
  zod: [
    z.object({ name: z.number(), list: z.array(z.number()) }),
    z.strictObject({}),
    z.record(z.string(), z.number()),
    z.record(z.enum(['a']), z.number()),
    z.enum(['a', 'b']),
    z.union([z.object({ a: z.number() }), z.array(z.number())]),
    z.any().refine(() => false, { error: ({ input }) => `no ${JSON.stringify(input)}` }),
    z.any().superRefine((data, context) => {
      context.addIssue({
        code: 'custom',
        path: Object.keys(data as object),
        message: inspect(data),
      });
    }),
    z.any().transform((data) => {
      throw new RangeError(JSON.stringify(data));
    }),
  ],
  valibot: [
    v.object({ name: v.number(), list: v.array(v.number()) }),
    v.strictObject({}),
    v.record(v.string(), v.number()),
    v.record(v.picklist(['a']), v.number()),
    v.picklist(['a', 'b']),
    v.union([v.object({ a: v.number() }), v.array(v.number())]),
    v.pipe(
      v.any(),
      v.check(
        () => false,
        ({ input }) => `no ${JSON.stringify(input)}`,
      ),
    ),
    v.pipe(
      v.any(),
      v.transform((data) => {
        throw new RangeError(JSON.stringify(data));
      }),
    ),
  ],
  arktype: [
    type({ name: 'number', list: 'number[]' }),
    type({ '+': 'reject' }),
    type({ '[string]': 'number' }),
    type({ a: 'number' }).or('number[]'),
    type("'a' | 'b'"),
    type('unknown').narrow((data, context) => context.reject({ expected: JSON.stringify(data) })),
    type('unknown').pipe((data) => {
      throw new RangeError(JSON.stringify(data));
    }),
  ],
};

/** Data with the canary in keys and in values. */
const planted = fc
  .record({
    depth: fc.nat({ max: 3 }),
    suffix: fc.string({
      unit: fc.constantFrom('a', '"', "'", '\\', ' ', '\n', '[', '}'),
      maxLength: 4,
    }),
    inList: fc.boolean(),
  })
  .map(({ depth, suffix, inList }) => {
    const secret = `${canary}${suffix}`;
    let data: unknown = secret;
    for (let level = 0; level < depth; level++) data = inList ? [data, secret] : { [secret]: data };
    return { [secret]: data, name: secret, list: [secret] };
  });

/** An error as everything that prints errors prints it. */
function printed(error: unknown): string {
  const lines: string[] = [];
  const streams = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    }),
  );
  new Logger().error('failed', { error: error as Error });
  for (const stream of streams) stream.mockRestore();
  expect(lines).toHaveLength(1);
  return [...lines, inspect(error, { depth: null }), JSON.stringify(error), String(error)].join();
}

async function errorOf(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return expect.unreachable('nothing was refused');
}

test.each(Object.entries(schemas))(
  'errors of a write quote nothing of data that %s refuses',
  async (_, all) => {
    await fc.assert(
      fc.asyncProperty(planted, fc.constantFrom(...all), async (data, schema) => {
        const Placed = defineEvent('order.placed', { aggregateType: aggregate, schema });

        const error = await errorOf(() => toValidJson(Placed('42', data)));

        expect(error).toMatchObject({ code: 'EVENT_INVALID' });
        expect(printed(error)).not.toContain(canary);
      }),
    );
  },
);

test('errors of a write quote nothing of data that is no JSON', async () => {
  const Placed = defineEvent('order.placed', { aggregateType: aggregate, schema: z.any() });
  const lossy = [
    new Map([[canary, 1]]),
    new Error(canary),
    Symbol(canary),
    Promise.resolve(canary),
  ];

  await fc.assert(
    fc.asyncProperty(planted, fc.constantFrom(...lossy), async (data, value) => {
      const error = await errorOf(() => Placed('42', { ...data, [`${canary}2`]: [value] }));

      expect(error).toMatchObject({ code: 'EVENT_NOT_JSON' });
      expect(printed(error)).not.toContain(canary);
    }),
  );
});

/** All that an inbox says of messages: its logs, its metrics, and the attributes of dead letters. */
async function saidBy(
  open: (inbox: Inbox) => Inbox,
  bodies: readonly (string | object)[],
): Promise<string> {
  const rig = memoryRig({ maxReceiveCount: 1 });
  await open(rig.inbox)(sqsEventOf(bodies as never));
  expect(rig.lines.filter(({ level }) => level === 'error')).not.toHaveLength(0);
  const attributes = rig.sqs.sent.map(({ MessageAttributes }) => MessageAttributes);
  return JSON.stringify([rig.lines, rig.counts, rig.dimensions, attributes]);
}

const Anything = defineEvent('order.placed', { aggregateType: aggregate, schema: z.unknown() });

test.each(Object.entries(schemas))(
  'an inbox says nothing of data that %s refuses',
  async (_, all) => {
    await fc.assert(
      fc.asyncProperty(planted, fc.constantFrom(...all), async (data, schema) => {
        const Placed = defineEvent('order.placed', { aggregateType: aggregate, schema });
        const message = { ...messageOf(Anything('42', {})), data };

        const said = await saidBy((inbox) => inbox.on(Placed, () => undefined), [message]);

        expect(said).toContain('EVENT_INVALID');
        expect(said).not.toContain(canary);
      }),
      { numRuns: 50 },
    );
  },
);

/** Handlers that fail over their data, in every way. */
const failures: Readonly<Record<string, (inbox: Inbox) => Inbox>> = {
  'an error that quotes it': (inbox) =>
    inbox.on(Anything, ({ data }) => {
      throw new Error(JSON.stringify(data), { cause: new Error(JSON.stringify(data)) });
    }),
  'a text': (inbox) =>
    inbox.on(Anything, ({ data }) => {
      const text: unknown = JSON.stringify(data);
      throw text as Error;
    }),
  'a parser’s error': (inbox) =>
    inbox.on(Anything, ({ data }) => JSON.parse(Object.keys(data as object).join()) as undefined),
  'a schema’s error': (inbox) =>
    inbox.on(Anything, ({ data }) => {
      z.strictObject({ name: z.literal('a') }).parse(data);
    }),
  'a refusal': (inbox) =>
    inbox.on(Anything, ({ data }) => {
      reject('the account is closed', { cause: new Error(JSON.stringify(data)) });
    }),
  'an item that is too large': (inbox) =>
    inbox.on(Anything, ({ data }, tx) => {
      tx.put({ TableName: 'orders', Item: { id: '1', data, more: canary.repeat(100_000) } });
    }),
  'two writes of one item': (inbox) =>
    inbox.on(Anything, ({ data }, tx) => {
      tx.put({ TableName: 'orders', Item: { id: canary, data } });
      tx.delete({ TableName: 'orders', Key: { id: canary } });
    }),
  'a condition that fails': (inbox) =>
    inbox.on(Anything, ({ data }, tx) => {
      tx.put({
        TableName: 'orders',
        Item: { id: '1', data },
        ConditionExpression: 'attribute_exists(id)',
      });
    }),
  'a result that is no JSON': (inbox) =>
    inbox.on(Anything, ({ data }) => new Map([[JSON.stringify(data), data]]), {
      idempotency: 'lease',
    }),
  'an upcast that throws': (inbox) =>
    inbox.on(
      defineEvent('order.placed', {
        ...{ aggregateType: aggregate, version: 2, schema: z.any() },
        upcast: {
          1: (old) => {
            throw new TypeError(JSON.stringify(old));
          },
        },
      }),
      () => undefined,
    ),
  'no handler': (inbox) => inbox,
};

test.each(Object.entries(failures))('an inbox says nothing of data after %s', async (_, open) => {
  await fc.assert(
    fc.asyncProperty(planted, async (data) => {
      const message = { ...messageOf(Anything('42', {})), data };

      expect(await saidBy(open, [message])).not.toContain(canary);
    }),
    { numRuns: 20 },
  );
});

test('an inbox says nothing of what is no message', async () => {
  const valid = messageOf(Anything('42', {}));
  const long = canary.repeat(50_000);
  const bodies = [
    canary,
    JSON.stringify({ [canary]: canary }),
    JSON.stringify({ ...valid, id: canary }),
    ...['source', 'time', 'correlationid', 'causationid', 'tenant', 'replayid'].map((name) =>
      JSON.stringify({ ...valid, [name]: long }),
    ),
    JSON.stringify({ ...valid, type: long }),
    JSON.stringify({ ...valid, subject: long }),
    JSON.stringify({ ...valid, traceparent: long, tracestate: long, type: 'order.unknown' }),
  ];

  expect(await saidBy((inbox) => inbox, bodies)).not.toContain(canary);
});

test('a saga says nothing of its events and its state', async () => {
  const Placed = Anything;
  const Paid = defineEvent('order.paid', { aggregateType: aggregate, schema: z.unknown() });
  const state = z.strictObject({ name: z.string() });
  const ofOne = { key: () => '1' };
  const running = defineSaga('one', { state }).startedBy(
    Placed,
    (saga, { data }) => {
      saga.setState({ name: JSON.stringify(data) });
    },
    ofOne,
  );
  const fails =
    (error: (data: unknown) => unknown) =>
    (_: unknown, { data }: { data: unknown }) => {
      throw error(data) as Error;
    };
  const sagas = [
    running.on(
      Paid,
      fails((data) => new Error(JSON.stringify(data))),
      ofOne,
    ),
    running.on(
      Paid,
      (saga, { data }) => {
        saga.setState({ [canary]: data } as never);
      },
      ofOne,
    ),
    running.on(
      Paid,
      (saga, { data }) => {
        saga.setState({ name: new Map([[canary, data]]) } as never);
      },
      ofOne,
    ),
    defineSaga('one', { state: z.strictObject({}) }).on(Paid, () => undefined, ofOne),
    defineSaga('one', {
      ...{ state, version: 2 },
      upcast: {
        1: (old) => {
          throw new Error(JSON.stringify(old));
        },
      },
    }).on(Paid, () => undefined, ofOne),
    defineSaga('one', { state: z.strictObject({}) }).on(Paid, () => undefined, {
      key: ({ data }) => {
        throw new Error(JSON.stringify(data));
      },
    }),
  ];

  for (const saga of sagas) {
    const world = memoryWorld();
    await world.deliver(world.run(running), messageOf(Placed('1', { [canary]: canary })));
    await world.deliver(
      world.run(saga as unknown as typeof running),
      messageOf(Paid('1', { [canary]: canary })),
    );

    const attributes = world.sqs.sent.map(({ MessageAttributes }) => MessageAttributes);
    expect(world.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(JSON.stringify([world.lines, world.counts, attributes])).not.toContain(canary);
  }
});

/** How AWS, and parsers on the way to it, quote what they refuse. */
const quotes: readonly ((json: string) => string)[] = [
  (json) => `1 validation error detected: Value '[Entry(detail=${json})]' at 'entries' failed`,
  (json) => `Value '${json}`,
  (json) => `The message ${json} is malformed.`,
  (json) => `Unexpected token 'C', ${JSON.stringify(json)} is not valid JSON`,
];

test('the relay keeps and logs nothing of data that a destination quotes', async () => {
  await fc.assert(
    fc.asyncProperty(
      planted,
      fc.constantFrom(...quotes),
      fc.constantFrom('ValidationException', 'ThrottlingException', 'Odd'),
      fc.boolean(),
      async (data, quote, code, isWhole) => {
        const outgoing = [1, 2].map((number) => outgoingOf(number, { data: JSON.stringify(data) }));
        const ports = publishPorts();
        const destination = createFakeDestination((sent) => {
          const message = quote(sent[0]?.json ?? '');
          if (isWhole) throw Object.assign(sdkError(code, 400), { message });
          return sent.map(() => ({ status: 'refused', code, message }));
        });

        const outcomes = await publish(destination, outgoing, ports);

        expect(outcomes.size).toBe(2);
        expect(JSON.stringify([[...outcomes], ports.lines])).not.toContain(canary);
      },
    ),
    { numRuns: 50 },
  );
});
