import middy from '@middy/core';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type } from 'arktype';
import type { Context, SQSBatchResponse, SQSEvent, SQSHandler } from 'aws-lambda';
import * as v from 'valibot';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';

import {
  createInbox,
  defineEvent,
  type Inbox,
  type InboxOptions,
  type InboxTransaction,
} from '../../lib/runtime.ts';
import { sqsEventOf } from '../../lib/testing.ts';
import { memoryRig } from './support.ts';

const { inbox } = memoryRig();

test('data is what the schema makes of it, whichever library it is of', () => {
  const zod = defineEvent('a.zod', {
    aggregateType: 'a',
    schema: z.object({ at: z.iso.datetime().transform((text) => new Date(text)) }),
  });
  const valibot = defineEvent('a.valibot', {
    aggregateType: 'a',
    schema: v.object({ n: v.optional(v.number(), 1) }),
  });
  const arktype = defineEvent('a.arktype', {
    aggregateType: 'a',
    schema: type({ 'tags?': 'string[]' }),
  });

  inbox
    .on(zod, ({ data, type: name }) => {
      expectTypeOf(data).toEqualTypeOf<{ at: Date }>();
      expectTypeOf(name).toEqualTypeOf<'a.zod'>();
    })
    .on(valibot, ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ n: number }>();
    })
    .on(arktype, ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ tags?: string[] }>();
    });
});

test('only events are emitted, made with data that fits their schema', () => {
  const Typed = defineEvent('a.typed', { aggregateType: 'a', schema: z.object({ n: z.number() }) });

  expectTypeOf(Typed).parameter(1).toEqualTypeOf<{ n: number }>();
  expectTypeOf<InboxTransaction['emit']>().toBeCallableWith(Typed('1', { n: 1 }));
  expectTypeOf<{ n: number }>().not.toExtend<Parameters<InboxTransaction['emit']>[number]>();
});

test('an inbox is a handler of SQS events, in the words of @types/aws-lambda', () => {
  expectTypeOf<Inbox>().toExtend<SQSHandler>();
  expectTypeOf<Inbox>().toBeCallableWith({} as SQSEvent, {} as Context);
  expectTypeOf<Awaited<ReturnType<Inbox>>>().toExtend<SQSBatchResponse>();
  expectTypeOf(sqsEventOf([])).toExtend<SQSEvent>();
});

test('middy wraps it without a cast', () => {
  const handler = middy(inbox).use({ before: () => undefined });

  expectTypeOf(handler).toBeCallableWith({} as SQSEvent, {} as Context);
});

test('clients of the SDK, and loggers and metrics of Powertools, are options', () => {
  expectTypeOf({
    sqsClient: new SQSClient({}),
    logger: new Logger(),
    metrics: new Metrics(),
  }).toExtend<InboxOptions>();
  expectTypeOf(createInbox).returns.toEqualTypeOf<Inbox>();
});

test('the result of a handler under a lease is typed where a duplicate is offered it', () => {
  const Typed = defineEvent('a.leased', {
    aggregateType: 'a',
    schema: z.object({ n: z.number() }),
  });

  inbox.on(Typed, ({ data }, tx) => Promise.resolve({ key: tx.idempotencyKey, n: data.n }), {
    idempotency: 'lease',
    onDuplicate: ({ data }, result) => {
      expectTypeOf(data).toEqualTypeOf<{ n: number }>();
      expectTypeOf(result).toEqualTypeOf<{ key: string; n: number } | undefined>();
    },
  });
});

test('a handler in a transaction has no result that would be lost', () => {
  const Typed = defineEvent('a.returning', { aggregateType: 'a', schema: z.object({}) });

  // @ts-expect-error only a handler under a lease answers with something
  inbox.on(Typed, () => Promise.resolve({ n: 1 }));
});
