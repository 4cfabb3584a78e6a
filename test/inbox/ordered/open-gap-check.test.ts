import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';

import { openInbox } from '../../../lib/inbox/inbox.ts';
import { openGapCheck } from '../../../lib/inbox/ordered/check-gaps.ts';
import { type InboxSettings } from '../../../lib/outbox/settings.ts';
import { messageOf, sqsEventOf } from '../../../lib/testing.ts';
import { createVirtualClock } from '../../../lib/testing/virtual-clock.ts';
import { createKeyedTable, localClient } from '../../support/tables.ts';
import { recordingLog } from '../../support/world.ts';
import { OrderPlaced, placed, surroundings } from '../support.ts';

const hourMs = 3_600_000;

beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', inject('dynamoDBEndpoint'));
  // Nobody listens there.
  vi.stubEnv('AWS_ENDPOINT_URL_SQS', 'http://127.0.0.1:1');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
  vi.stubEnv('AWS_REGION', 'local');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

async function orderedSettings(): Promise<InboxSettings> {
  return {
    name: 'billing',
    tableName: await createKeyedTable(localClient()),
    dedupeWindowMs: hourMs,
    deadLetterQueueUrl: 'https://sqs.invalid/1/dead',
    ordered: {
      queueUrl: 'https://sqs.invalid/1/inbox',
      adoptWaitMs: 60_000,
      replayWaitMs: 900_000,
    },
  };
}

/** Opens the check of an inbox that was given sequences an hour ago, while its queue took nothing. */
async function checkAfter(settings: InboxSettings, sequences: readonly number[]) {
  const { options, sqs } = surroundings();
  sqs.error = new Error('no queue');
  const clock = createVirtualClock(Date.now() - hourMs);
  const client = DynamoDBDocumentClient.from(localClient());
  const inbox = openInbox(settings, { ...options, documentClient: client, clock }).on(
    OrderPlaced,
    vi.fn(),
  );
  for (const sequence of sequences) {
    const message = messageOf(placed('42'), { sequence });
    await inbox(sqsEventOf([message], { receiveCount: 2 }));
  }
  const measured: Record<string, unknown> = {};
  const metrics = {
    addDimension: (name: string, value: string) => {
      measured[name] = value;
    },
    addMetric: (name: string, _unit: string, value: number) => {
      measured[name] = value;
    },
  };
  return { measured, check: openGapCheck(settings, { log: recordingLog(), metrics }) };
}

test('measures zero where nothing waits, under name and table of the inbox', async () => {
  const settings = await orderedSettings();
  const { check, measured } = await checkAfter(settings, [1]);

  await check();

  const { name: inbox, tableName: table } = settings;
  expect(measured).toEqual({ inbox, table, OpenGaps: 0, OldestGapAge: 0 });
});

test('measures how long an aggregate has stood still', async () => {
  const { check, measured } = await checkAfter(await orderedSettings(), [1, 3]);

  await check();

  expect(measured).toMatchObject({ OpenGaps: 1 });
  expect(measured['OldestGapAge']).toBeGreaterThanOrEqual(hourMs);
});

test('fails where a gap could not be seen to, once it has measured all', async () => {
  const { check, measured } = await checkAfter(await orderedSettings(), [2, 1]);

  await expect(check()).rejects.toMatchObject({ code: 'GAPS_UNCHECKED', details: { failed: 1 } });
  expect(measured).toMatchObject({ OpenGaps: 1 });
  expect(measured['OldestGapAge']).toBeGreaterThanOrEqual(hourMs);
});

test('fails when the inbox is not ordered', async () => {
  const { name, tableName, dedupeWindowMs, deadLetterQueueUrl } = await orderedSettings();
  const unordered = { name, tableName, dedupeWindowMs, deadLetterQueueUrl };

  expect(() =>
    openGapCheck(unordered, {
      log: recordingLog(),
      metrics: { addDimension: vi.fn(), addMetric: vi.fn() },
    }),
  ).toThrow('inbox billing is not ordered and has no gaps');
});
