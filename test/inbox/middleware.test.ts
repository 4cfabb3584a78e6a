import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { expect, test } from 'vitest';

import { messageOf, sqsEventOf } from '../../lib/testing.ts';
import { givenBack, memoryRig, OrderPlaced, placed } from './support.ts';

interface Invocation {
  event: SQSEvent;
  response?: SQSBatchResponse | null | undefined;
  error?: Error | null | undefined;
}

/** A middleware of a user's own, that notes what it is told. */
function notes(): {
  lines: string[];
  before: (request: Invocation) => void;
  after: (request: Invocation) => void;
  onError: (request: Invocation) => void;
} {
  const lines: string[] = [];
  return {
    lines,
    before: ({ event }) => {
      lines.push(`before ${event.Records.length}`);
    },
    after: ({ response }) => {
      lines.push(`after ${response?.batchItemFailures.length ?? 'nothing'}`);
    },
    onError: ({ error }) => {
      lines.push(`error ${error?.message ?? 'none'}`);
    },
  };
}

const context = { getRemainingTimeInMillis: () => 60_000 } as never;

test('middlewares of a user run before and after, with the event and the answer', async () => {
  const { inbox } = memoryRig();
  const { lines, before, after, onError } = notes();
  const handler = middy(
    inbox.on(OrderPlaced, ({ data }) => {
      lines.push(`handler ${data.orderId}`);
      if (data.orderId === '2') throw new Error('no');
    }),
  ).use({ before, after, onError });
  const event = sqsEventOf([messageOf(placed('1')), messageOf(placed('2'))]);

  const answer = await handler(event, context);

  expect(answer).toEqual(givenBack(...event.Records.slice(1)));
  expect(lines).toEqual(['before 2', 'handler 1', 'handler 2', 'after 1']);
});

test('an error outside of any message reaches the middlewares', async () => {
  const { inbox } = memoryRig();
  const { lines, onError } = notes();
  const handler = middy(inbox).use({ onError });

  await expect(handler({} as SQSEvent, context)).rejects.toThrow(
    'expected Records of an SQS queue',
  );

  expect(lines).toEqual([expect.stringContaining('error expected Records of an SQS queue')]);
});

test('a middleware may answer early, and no handler runs', async () => {
  const { inbox, counts } = memoryRig();
  const handler = middy(inbox.on(OrderPlaced, () => undefined)).before(() => givenBack());

  const answer = await handler(sqsEventOf([messageOf(placed('1'))]), context);

  expect(answer).toEqual(givenBack());
  expect(counts).toEqual({});
});

test('a body that a middleware has parsed is read like its text', async () => {
  const { inbox, sqs } = memoryRig();
  const seen: string[] = [];
  const parse = ({ event }: Invocation): void => {
    for (const record of event.Records) record.body = JSON.parse(record.body) as string;
  };
  const handler = middy(
    inbox.on(OrderPlaced, ({ data }) => {
      seen.push(data.orderId);
    }),
  ).use({ before: parse });
  const [ok, bad] = [messageOf(placed('1')), { ...messageOf(placed('2')), type: 'order.gone' }];

  const answer = await handler(sqsEventOf([ok, bad]), context);

  expect(answer).toEqual(givenBack());
  expect(seen).toEqual(['1']);
  expect(sqs.sent.map(({ MessageBody }) => JSON.parse(MessageBody ?? '') as unknown)).toEqual([
    bad,
  ]);
});
