import middy from '@middy/core';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { z } from 'zod';

import { inboxToEnvironment, writerToEnvironment } from '../../lib/core/environment.ts';
import {
  createInbox,
  createOutbox,
  createReconciliation,
  createSaga,
  defineEvent,
  defineSaga,
} from '../../lib/runtime.ts';
import {
  inboxFrom,
  onFirstUse,
  runInTestScope,
  type EnvironmentOptions,
  type TestScope,
} from '../../lib/outbox/settings.ts';
import {
  createMemoryTransactor,
  messageOf,
  sqsEventOf,
  type MemoryTransactor,
} from '../../lib/testing.ts';

const inbox = {
  name: 'billing',
  tableName: 'inbox',
  dedupeWindowMs: 1_000,
  deadLetterQueueUrl: 'https://sqs.invalid/1/dead',
};
const outbox = {
  tableName: 'outbox',
  shards: 4,
  retentionMs: 2_000,
  accepts: [{ maxMessageBytes: 3_000 }],
};
const inboxVariables = inboxToEnvironment(inbox);
const outboxVariables = writerToEnvironment(outbox, JSON.stringify);
const OrderPlaced = defineEvent('order.placed', {
  aggregateType: 'order',
  schema: z.object({ orderId: z.string() }),
});
const placed = OrderPlaced('42', { orderId: '42' });

afterEach(() => {
  vi.unstubAllEnvs();
});

test('inbox has the settings that its construct put into the environment', () => {
  expect(inboxFrom(inboxVariables)).toEqual(inbox);
});

test('inbox has an outbox where the function may write to one', () => {
  expect(inboxFrom({ ...inboxVariables, ...outboxVariables })).toMatchObject({ ...inbox, outbox });
});

test('missing variable is named, with the next step', () => {
  expect(() => inboxFrom({ ...inboxVariables, INBOX_TABLE: undefined })).toThrow(
    'environment variable INBOX_TABLE is missing: pass the function to an Inbox construct as its handler, which sets it, or in a test use testInbox of cdk-outbox/testing',
  );
});

const noSaga = defineSaga('fulfilment', { state: z.object({}), key: 'orderId' });
const cases: [name: string, create: (options: EnvironmentOptions) => () => unknown][] = [
  [
    'createOutbox',
    (options) => {
      const service = createOutbox(options);
      return () => service.write({ events: [placed] });
    },
  ],
  [
    'createInbox',
    (options) => {
      const handler = createInbox(options).on(OrderPlaced, () => undefined);
      return () => handler(sqsEventOf([messageOf(placed)]));
    },
  ],
  [
    'createSaga',
    (options) => {
      const handler = createSaga(noSaga, options);
      return () => handler(sqsEventOf([messageOf(placed)]));
    },
  ],
  ['createReconciliation', (options) => createReconciliation(options)],
];

describe.each(cases)('%s', (_, create) => {
  it('reads no variable until it is used', async () => {
    const use = create({ environment: {} });

    await expect(use()).rejects.toMatchObject({ code: 'ENVIRONMENT_MISSING' });
  });

  it('reads its variables at once inside Lambda', () => {
    vi.stubEnv('AWS_LAMBDA_RUNTIME_API', '127.0.0.1:9001');

    expect(() => create({ environment: {} })).toThrow(
      expect.objectContaining({ code: 'ENVIRONMENT_MISSING' }),
    );
  });

  it('reads process.env by default', async () => {
    vi.stubEnv('OUTBOX_TABLE', 'outbox');
    vi.stubEnv('INBOX_NAME', 'billing');
    vi.stubEnv('RECONCILIATION_NAME', 'check');

    await expect(create({})()).rejects.toThrow(/OUTBOX_SHARDS|INBOX_TABLE|RECONCILIATION_TABLE/);
  });
});

test('missing variable is looked for again by the next use', () => {
  const environment: Record<string, string> = {};
  const use = onFirstUse({ environment }, (variables) => inboxFrom(variables));

  expect(use).toThrow('INBOX_NAME');
  Object.assign(environment, inboxVariables);

  expect(use()).toEqual(inbox);
});

test('variables are read once', () => {
  const open = vi.fn(() => ({}));
  const use = onFirstUse({ environment: {} }, open);

  expect(use()).toBe(use());
  expect(open).toHaveBeenCalledTimes(1);
});

describe('test scope', () => {
  const scopeOf = (environment: TestScope['environment']): TestScope => {
    const transactor = createMemoryTransactor({ outbox: ['pk', 'sk'] });
    return { environment, options: { transactor } };
  };

  it('has settings of its own, also behind middleware and awaits, and leaves those outside alone', async () => {
    const use = onFirstUse({ environment: { OUTBOX_TABLE: 'real' } }, ({ OUTBOX_TABLE }) => ({
      OUTBOX_TABLE,
    }));
    const handler = middy(async () => {
      await new Promise(setImmediate);
      return use();
    });
    const scopes = [scopeOf({ OUTBOX_TABLE: 'a' }), scopeOf({ OUTBOX_TABLE: 'b' })];
    const event = {} as never;

    const [a, b] = await Promise.all(
      scopes.map((scope) => runInTestScope(scope, () => handler(event, event))),
    );

    expect([a, b, use()]).toEqual([
      { OUTBOX_TABLE: 'a' },
      { OUTBOX_TABLE: 'b' },
      { OUTBOX_TABLE: 'real' },
    ]);
  });

  it('gives its options to what was created before', async () => {
    const service = createOutbox({ environment: {} });
    const scope = scopeOf(outboxVariables);

    await runInTestScope(scope, () => service.write({ events: [placed] }));

    const transactor = (scope.options as { transactor: MemoryTransactor }).transactor;
    expect(transactor.rows('outbox')).toMatchObject([{ type: 'order.placed' }]);
  });
});
