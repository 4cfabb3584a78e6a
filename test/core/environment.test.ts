import fc from 'fast-check';
import {
  archiverFromEnvironment,
  archiverToEnvironment,
  inboxFromEnvironment,
  inboxToEnvironment,
  relayFromEnvironment,
  relayToEnvironment,
  writerFromEnvironment,
  writerToEnvironment,
  type Environment,
  type ArchiverConfig,
  type InboxConfig,
  type RelayConfig,
  type WriterConfig,
} from '../../lib/core/environment.ts';
import { describe, expect, it } from 'vitest';

import { someEventType, someText } from '../support/arbitraries.ts';
import { retentionMs } from '../support/entries.ts';

const someCount = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const someFilter = fc.array(someEventType, { minLength: 1 });
const plain = { noNullPrototype: true };

const someWriter: fc.Arbitrary<WriterConfig> = fc.record(
  {
    tableName: someText,
    shards: someCount,
    retentionMs: someCount,
    accepts: fc.array(
      fc.record(
        { types: someFilter, maxMessageBytes: someCount },
        { ...plain, requiredKeys: ['maxMessageBytes'] },
      ),
      { minLength: 1 },
    ),
  },
  plain,
);

const someRelay: fc.Arbitrary<RelayConfig> = fc.record(
  {
    tableName: someText,
    shards: someCount,
    retentionMs: someCount,
    source: someText,
    maxAttempts: someCount,
    destinations: fc.array(
      fc.record(
        {
          name: someText,
          kind: fc.constantFrom('bus', 'queue', 'topic'),
          target: someText,
          ordered: fc.boolean(),
          types: someFilter,
        },
        { ...plain, requiredKeys: ['name', 'kind', 'target', 'ordered'] },
      ),
      { minLength: 1 },
    ),
    archive: someText,
  },
  {
    ...plain,
    requiredKeys: ['tableName', 'shards', 'retentionMs', 'source', 'maxAttempts', 'destinations'],
  },
);

const someArchiver: fc.Arbitrary<ArchiverConfig> = fc.record(
  {
    tableName: someText,
    shards: someCount,
    retentionMs: someCount,
    source: someText,
    archive: someText,
  },
  plain,
);

const someInbox: fc.Arbitrary<InboxConfig> = fc.record(
  {
    name: someText,
    tableName: someText,
    dedupeWindowMs: someCount,
    deadLetterQueueUrl: someText,
    maxReceiveCount: someCount,
  },
  { ...plain, requiredKeys: ['name', 'tableName', 'dedupeWindowMs', 'deadLetterQueueUrl'] },
);

describe('the environment of a function', () => {
  it('tells a writer what the construct was told', () => {
    fc.assert(
      fc.property(someWriter, (config) => {
        expect(writerFromEnvironment(writerToEnvironment(config, JSON.stringify))).toEqual(config);
      }),
    );
  });

  it('tells a relay what the construct was told', () => {
    fc.assert(
      fc.property(someRelay, (config) => {
        expect(relayFromEnvironment(relayToEnvironment(config, JSON.stringify))).toEqual(config);
      }),
    );
  });

  it('tells an archiver what the construct was told', () => {
    fc.assert(
      fc.property(someArchiver, (config) => {
        expect(archiverFromEnvironment(archiverToEnvironment(config))).toEqual(config);
      }),
    );
  });

  it('tells a consumer what the construct was told', () => {
    fc.assert(
      fc.property(someInbox, (config) => {
        expect(inboxFromEnvironment(inboxToEnvironment(config))).toEqual(config);
      }),
    );
  });
});

const writer = writerToEnvironment(
  { tableName: 'orders', shards: 16, retentionMs, accepts: [{ maxMessageBytes: 1 }] },
  JSON.stringify,
);
const relay = relayToEnvironment(
  {
    tableName: 'orders',
    shards: 16,
    retentionMs,
    source: 'orders',
    maxAttempts: 5,
    destinations: [{ name: 'bus', kind: 'bus', target: 'orders', ordered: false }],
  },
  JSON.stringify,
);
const inbox = inboxToEnvironment({
  name: 'billing',
  tableName: 'billing',
  dedupeWindowMs: 1,
  deadLetterQueueUrl: 'https://queue',
});

const readers: { who: string; valid: Environment; read: (environment: Environment) => unknown }[] =
  [
    { who: 'a writer', valid: writer, read: writerFromEnvironment },
    { who: 'a relay', valid: relay, read: relayFromEnvironment },
    { who: 'a consumer', valid: inbox, read: inboxFromEnvironment },
  ];

describe.each(readers)('the environment of $who', ({ valid, read }) => {
  it.each(Object.keys(valid))('is refused without %s, with the name and the mend', (variable) => {
    for (const value of [undefined, '']) {
      expect(() => read({ ...valid, [variable]: value })).toThrow(
        expect.objectContaining({
          code: 'ENVIRONMENT_MISSING',
          details: { variable },
          message: expect.stringMatching(
            new RegExp(`${variable} is missing: .*(call|deploy|pass)`),
          ) as string,
        }),
      );
    }
  });
});

describe('a malformed variable', () => {
  it.each(['0', '-1', '1.5', 'many', '1e400'])(
    'is refused where a number is wanted: %s',
    (value) => {
      expect(() => writerFromEnvironment({ ...writer, OUTBOX_SHARDS: value })).toThrow(
        expect.objectContaining({
          code: 'ENVIRONMENT_INVALID',
          message: expect.stringContaining(`a whole number from 1, got "${value}"`) as string,
        }),
      );
    },
  );

  it.each(['[]', '{}', 'null', '[', 'bus'])('is refused where a list is wanted: %s', (value) => {
    expect(() => relayFromEnvironment({ ...relay, OUTBOX_DESTINATIONS: value })).toThrow(
      expect.objectContaining({
        code: 'ENVIRONMENT_INVALID',
        details: { variable: 'OUTBOX_DESTINATIONS' },
      }),
    );
  });
});
