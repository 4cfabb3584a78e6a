import { expect, test } from 'vitest';

import { inboxToEnvironment, writerToEnvironment } from '../../../lib/contract/environment.ts';
import { inboxFrom } from '../../../lib/runtime.ts';

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

test('an inbox is what its construct put into the environment', () => {
  expect(inboxFrom(inboxVariables)).toEqual(inbox);
});

test('its outbox is there where the function may write to one', () => {
  const environment = { ...inboxVariables, ...writerToEnvironment(outbox, JSON.stringify) };

  expect(inboxFrom(environment)).toMatchObject({ ...inbox, outbox });
});

test('a missing variable is named, with the mend', () => {
  expect(() => inboxFrom({ ...inboxVariables, INBOX_TABLE: undefined })).toThrow(
    'environment variable INBOX_TABLE is missing: pass the function to an Inbox construct as its handler, which sets it',
  );
});
