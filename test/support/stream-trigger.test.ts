import type { DynamoDBRecord } from '../../lib/delivery/stream.ts';
import { describe, expect, it } from 'vitest';

import { createStreamTrigger, type StreamFunction } from './stream-trigger.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';

const hour = 3_600_000;

function setUp(
  invoke: StreamFunction,
  settings: { retryAttempts?: number; bisectBatchOnError?: boolean } = {},
) {
  const clock = createVirtualClock(Date.UTC(2026, 10, 21));
  const trigger = createStreamTrigger(
    invoke,
    {
      batchSize: 4,
      retryAttempts: 2,
      maxRecordAgeMs: 12 * hour,
      bisectBatchOnError: true,
      filter: ({ eventName }) => eventName === 'INSERT',
      ...settings,
    },
    clock,
  );
  return { clock, trigger };
}

function record(name: string, eventName: DynamoDBRecord['eventName'] = 'INSERT'): DynamoDBRecord {
  return { eventName, dynamodb: { Keys: { pk: { S: 'p' }, sk: { S: name } } } };
}

function namesOf(records: readonly DynamoDBRecord[]): string {
  return records.map(({ dynamodb }) => dynamodb?.Keys?.['sk']?.S).join('');
}

function numberOf(records: readonly DynamoDBRecord[], name: string): string {
  return (
    records.find(({ dynamodb }) => dynamodb?.Keys?.['sk']?.S === name)?.dynamodb?.SequenceNumber ??
    ''
  );
}

async function drain(trigger: { poll(): Promise<void>; isDrained(): boolean }): Promise<void> {
  for (let polls = 0; !trigger.isDrained() && polls < 100; polls++) await trigger.poll();
}

describe('the simulated stream trigger', () => {
  it('hands over batches in order, and passes by what the filter does not want', async () => {
    const seen: string[] = [];
    const { trigger } = setUp(({ Records }) => {
      seen.push(namesOf(Records));
      return Promise.resolve({ batchItemFailures: [] });
    });
    Array.from('abcdef').forEach((name) => {
      trigger.append(record(name, name === 'b' ? 'REMOVE' : 'INSERT'), 0);
    });

    await drain(trigger);

    expect(seen).toEqual(['acd', 'ef']);
  });

  it('brings everything again from the lowest identifier reported', async () => {
    const seen: string[] = [];
    const { trigger } = setUp(({ Records }) => {
      seen.push(namesOf(Records));
      const failed = seen.length === 1 ? ['d', 'b'] : [];
      return Promise.resolve({
        batchItemFailures: failed.map((name) => ({ itemIdentifier: numberOf(Records, name) })),
      });
    });
    Array.from('abcde').forEach((name) => {
      trigger.append(record(name), 0);
    });

    await drain(trigger);

    expect(seen).toEqual(['abcd', 'bcd', 'e']);
  });

  it('takes an empty identifier for a failure of the whole batch, and splits it', async () => {
    const seen: string[] = [];
    const { trigger } = setUp(({ Records }) => {
      seen.push(namesOf(Records));
      return Promise.resolve({
        batchItemFailures: seen.length === 1 ? [{ itemIdentifier: '' }] : [],
      });
    });
    Array.from('abcd').forEach((name) => {
      trigger.append(record(name), 0);
    });

    await drain(trigger);

    expect(seen).toEqual(['abcd', 'ab', 'cd']);
  });

  it('bisects at the identifier that is returned: the whole batch is retried where that is the first', async () => {
    const seen: string[] = [];
    const { trigger } = setUp(({ Records }) => {
      seen.push(namesOf(Records));
      const failed = seen.length < 3 ? [numberOf(Records, 'a')] : [];
      return Promise.resolve({
        batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })),
      });
    });
    Array.from('abcd').forEach((name) => {
      trigger.append(record(name), 0);
    });

    await drain(trigger);

    expect(seen).toEqual(['abcd', 'abcd', 'abcd']);
  });

  it.each([undefined, null, {}, { batchItemFailures: null }, { batchItemFailures: [] }])(
    'takes the answer %j for success',
    async (answer) => {
      const seen: string[] = [];
      const { trigger } = setUp(({ Records }) => {
        seen.push(namesOf(Records));
        return Promise.resolve(answer as unknown as undefined);
      });
      trigger.append(record('a'), 0);

      await drain(trigger);

      expect(seen).toEqual(['a']);
      expect(trigger.isDrained()).toBe(true);
    },
  );

  it('isolates a record that crashes the function, gives it up and goes on', async () => {
    const done: string[] = [];
    const { trigger } = setUp(({ Records }) => {
      if (namesOf(Records).includes('c')) throw new Error('crash');
      done.push(namesOf(Records));
      return Promise.resolve({ batchItemFailures: [] });
    });
    Array.from('abcdef').forEach((name) => {
      trigger.append(record(name), 0);
    });

    await drain(trigger);

    expect(done).toEqual(['ab', 'd', 'ef']);
    expect(trigger.givenUp.map(namesOf)).toEqual(['c']);
  });

  it('blocks a shard behind a failing batch, but no other shard', async () => {
    const done: string[] = [];
    const { trigger } = setUp(
      ({ Records }) => {
        if (namesOf(Records).startsWith('a')) throw new Error('crash');
        done.push(namesOf(Records));
        return Promise.resolve({ batchItemFailures: [] });
      },
      { retryAttempts: 10, bisectBatchOnError: false },
    );
    Array.from('abcde').forEach((name) => {
      trigger.append(record(name), 0);
    });
    trigger.append(record('x'), 1);

    await trigger.poll();
    await trigger.poll();

    expect(done).toEqual(['x']);
  });

  it('gives up records past their age', async () => {
    const { trigger, clock } = setUp(() => Promise.reject(new Error('crash')), {
      retryAttempts: 1_000,
    });
    trigger.append(record('a'), 0);

    await trigger.poll();
    clock.advance(13 * hour);
    await trigger.poll();

    expect(trigger.givenUp.map(namesOf)).toEqual(['a']);
  });

  it('forgets unread records after a day, and tells nobody', async () => {
    const { trigger, clock } = setUp(() => Promise.resolve({ batchItemFailures: [] }));
    trigger.append(record('a'), 0);

    clock.advance(25 * hour);

    await trigger.poll();
    expect(trigger.isDrained()).toBe(true);
    expect(trigger.givenUp).toEqual([]);
  });
});
