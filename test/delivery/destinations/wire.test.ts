import { createHash } from 'node:crypto';

import { SNSClient } from '@aws-sdk/client-sns';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { DestinationConfig } from '../../../lib/core/environment.ts';
import type { DestinationAdapter, SendResults } from '../../../lib/delivery/destination.ts';
import { clientSettings } from '../../../lib/delivery/destinations/client.ts';
import { openDestinations } from '../../../lib/delivery/destinations/open.ts';
import { createTopicDestination } from '../../../lib/delivery/destinations/topic.ts';
import { publish } from '../../../lib/delivery/publish.ts';
import {
  startLocalEndpoint,
  type LocalEndpoint,
  type WireAnswer,
} from '../../support/local-endpoint.ts';
import { eventId, outgoingRange, publishPorts } from '../../support/outgoing.ts';

let answers: (WireAnswer | undefined)[] = [];
let endpoint: LocalEndpoint;

/** What a call gets that the test does not expect. */
const unasked: WireAnswer = { status: 500, body: '' };

beforeEach(async () => {
  answers = [];
  endpoint = await startLocalEndpoint(() => (answers.length === 0 ? unasked : answers.shift()));
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint.url);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await endpoint.stop();
});

const bus = { name: 'bus', kind: 'bus', target: 'orders-bus', ordered: false } as const;
const queue = {
  name: 'queue',
  kind: 'queue',
  target: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
  ordered: false,
} as const;
const topic = {
  name: 'topic',
  kind: 'topic',
  target: 'arn:aws:sns:eu-west-1:123456789012:orders',
  ordered: false,
} as const;

function json(body: unknown, status = 200): WireAnswer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(body),
  };
}

function xml(body: string, status = 200): WireAnswer {
  return { status, headers: { 'content-type': 'text/xml' }, body };
}

/** That the queue took the second entry, under an id of its call. The client checks the sum. */
function queueTook(batchId: string): object {
  const body = outgoingRange(2)[1]?.json ?? '';
  return {
    Id: batchId,
    MessageId: 'm',
    MD5OfMessageBody: createHash('md5').update(body).digest('hex'),
  };
}

/** Publishes two entries with one try: what is told apart here is the wire, not the tries. */
async function publishTwo(config: DestinationConfig): Promise<SendResults> {
  const [destination] = await openDestinations([config]);
  if (destination === undefined) throw new Error('nothing was opened');
  return publish(destination, outgoingRange(2), publishPorts({ deadline: 1 }));
}

function statuses(results: SendResults): (string | undefined)[] {
  return [results.get(eventId(1))?.status, results.get(eventId(2))?.status];
}

describe('over the wire', () => {
  it('a bus takes one entry and refuses the other', async () => {
    answers = [
      json({
        FailedEntryCount: 1,
        Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: 'no' }, { EventId: 'x' }],
      }),
    ];

    expect(statuses(await publishTwo(bus))).toEqual(['rejected', 'published']);
    expect(endpoint.requests[0]?.target).toBe('AWSEvents.PutEvents');
  });

  it('a queue takes one entry and refuses the other', async () => {
    answers = [
      json({
        Successful: [queueTook('1')],
        Failed: [{ Id: '0', Code: 'InternalError', Message: 'no', SenderFault: false }],
      }),
    ];

    expect(statuses(await publishTwo(queue))).toEqual(['failed', 'published']);
    expect(endpoint.requests[0]?.target).toBe('AmazonSQS.SendMessageBatch');
  });

  it('a topic takes one entry and refuses the other', async () => {
    answers = [
      xml(`<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>
        <Successful><member><Id>1</Id><MessageId>m</MessageId></member></Successful>
        <Failed><member><Id>0</Id><Code>InvalidParameter</Code><Message>no</Message>
        <SenderFault>true</SenderFault></member></Failed>
        </PublishBatchResult></PublishBatchResponse>`),
    ];

    expect(statuses(await publishTwo(topic))).toEqual(['rejected', 'published']);
    expect(endpoint.requests[0]?.body).toContain('Action=PublishBatch');
  });

  it('a queue is reached through the endpoint that is configured, never through the host in its URL', async () => {
    answers = [json({ Successful: [], Failed: [] })];

    await publishTwo(queue);

    expect(endpoint.requests).toHaveLength(1);
    expect(endpoint.requests[0]?.body).toContain('sqs.eu-west-1.amazonaws.com');
  });
});

describe('over the wire, a call that is refused as a whole', () => {
  it.each([
    {
      title: 'a queue that is gone',
      config: queue,
      answer: json({ __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'gone' }, 400),
    },
    {
      title: 'a bus that is not ours to use',
      config: bus,
      answer: json({ __type: 'AccessDeniedException', Message: 'no' }, 400),
    },
    {
      title: 'a topic that is gone',
      config: topic,
      answer: xml(
        `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>
         <Code>NotFound</Code><Message>gone</Message></Error></ErrorResponse>`,
        404,
      ),
    },
    {
      title: 'a key that may not be used',
      config: queue,
      answer: json({ __type: 'com.amazonaws.sqs#KmsAccessDenied', message: 'no' }, 400),
    },
  ])('$title is unavailable', async ({ config, answer }) => {
    answers = [answer, answer, answer];

    expect(statuses(await publishTwo(config))).toEqual(['unavailable', 'unavailable']);
    expect(endpoint.requests).toHaveLength(3);
  });

  it.each([
    {
      title: 'a bus',
      config: bus,
      refusal: json({ __type: 'ValidationException', message: 'no' }, 400),
      acceptance: json({ FailedEntryCount: 0, Entries: [{ EventId: 'x' }] }),
    },
    {
      title: 'a queue',
      config: queue,
      refusal: json({ __type: 'com.amazonaws.sqs#InvalidMessageContents', message: 'no' }, 400),
      acceptance: json({ Successful: [queueTook('0')] }),
    },
    {
      title: 'a topic',
      config: topic,
      refusal: xml(
        `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>
         <Code>InvalidParameter</Code><Message>no</Message></Error></ErrorResponse>`,
        400,
      ),
      acceptance: xml(
        `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>
         <Successful><member><Id>0</Id><MessageId>m</MessageId></member></Successful><Failed/>
         </PublishBatchResult></PublishBatchResponse>`,
      ),
    },
  ])('$title is sent the entries one by one', async ({ config, refusal, acceptance }) => {
    answers = [refusal, refusal, acceptance];

    // Both are sent alone at the same time.
    expect(statuses(await publishTwo(config)).toSorted()).toEqual(['published', 'rejected']);
  });
});

describe('over the wire, a destination that cannot be reached', () => {
  it('is unavailable where nobody listens', async () => {
    await endpoint.stop();

    const results = await publishTwo(queue);

    expect(statuses(results)).toEqual(['unavailable', 'unavailable']);
    expect(results.get(eventId(1))).toMatchObject({ error: { code: 'ECONNREFUSED' } });
  });

  it('is unavailable where nobody answers in time', async () => {
    answers = [undefined, undefined, undefined];
    const topicInHaste = createTopicDestination(topic, new SNSClient(clientSettings));
    const hasty: DestinationAdapter = {
      ...topicInHaste,
      send: (outgoing) => topicInHaste.send(outgoing, { maxMs: 20 }),
    };

    const results = await publish(hasty, outgoingRange(2), publishPorts({ deadline: 1 }));

    expect(results.get(eventId(1))).toMatchObject({
      status: 'unavailable',
      error: { code: 'ETIMEDOUT' },
    });
  });
});
