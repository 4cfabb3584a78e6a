import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { timeOfId } from '../../../lib/table/keys.ts';
import { toOutgoing, type Outgoing } from '../../../lib/delivery/destination.ts';
import { testDestination } from '../../conformance/destination.ts';
import { busRig, queueRig, rigs, topicRig, type Rig } from '../../support/destination-rigs.ts';
import { eventId, outgoingOf } from '../../support/outgoing.ts';

rigs.forEach(testDestination);

const one = outgoingOf(1);
const ofTenant = outgoingOf(2, { tenant: 'acme' });
const replayed = toOutgoing(one.entry, 'orders', { replayId: 'replay-7' });

const traced = outgoingOf(3, {
  traceparent: '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01',
});
const xRayHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

const text = (StringValue: string): object => ({ DataType: 'String', StringValue });

function sha256(plain: string): string {
  return createHash('sha256').update(plain).digest('hex');
}

it.each([
  { rig: busRig, maxBytes: 1_048_575 },
  { rig: queueRig(false), maxBytes: 1_048_576 },
  { rig: topicRig(false), maxBytes: 262_144 },
])('a call of $rig.title takes ten entries and $maxBytes bytes', ({ rig, maxBytes }) => {
  const { maxEntriesPerCall, maxBytesPerCall } = rig.open().destination;

  expect([maxEntriesPerCall, maxBytesPerCall]).toEqual([10, maxBytes]);
});

describe('what an event bus is sent', () => {
  it('is the message as detail, with type, source and time of the event', async () => {
    const { destination, requests } = busRig.open();

    await destination.send([one], { maxMs: 60_000 });

    expect(requests).toEqual([
      {
        Entries: [
          {
            EventBusName: 'orders-bus',
            Source: 'orders',
            DetailType: 'order.placed',
            Detail: one.json,
            Time: new Date(timeOfId(eventId(1))),
          },
        ],
      },
    ]);
  });

  it('goes on in X-Ray, where it has a trace', async () => {
    const { destination, requests } = busRig.open();

    await destination.send([traced], { maxMs: 60_000 });

    expect(requests[0]?.Entries?.[0]?.TraceHeader).toBe(xRayHeader);
  });

  it('is counted as the service counts: time, source, type and detail', () => {
    const { destination } = busRig.open();

    expect(destination.sizeOf(one)).toBe(
      14 + 'orders'.length + 'order.placed'.length + one.json.length,
    );
  });

  it('counts as refused where the answer is shorter than the call', async () => {
    const { destination } = busRig.open((ids) => ids.slice(1).map(() => 'accept'));

    expect(await destination.send([one, ofTenant], { maxMs: 60_000 })).toEqual([
      { status: 'accepted' },
      undefined,
    ]);
  });
});

describe('what a standard queue is sent', () => {
  it('is the message as body, with its type beside it', async () => {
    const { destination, requests } = queueRig(false).open();

    await destination.send([one], { maxMs: 60_000 });

    expect(requests).toEqual([
      {
        QueueUrl: 'https://sqs.local/1/orders',
        Entries: [
          {
            Id: '0',
            MessageBody: one.json,
            MessageAttributes: {
              contenttype: text('application/cloudevents+json'),
              type: text('order.placed'),
            },
          },
        ],
      },
    ]);
  });

  it.each([false, true])(
    'goes on in X-Ray, where it has a trace, and is no larger for it; FIFO: %s',
    async (fifo) => {
      const { destination, requests } = queueRig(fifo).open();

      await destination.send([traced, one], { maxMs: 60_000 });

      expect(
        requests[0]?.Entries?.map(({ MessageSystemAttributes }) => MessageSystemAttributes),
      ).toEqual([{ AWSTraceHeader: text(xRayHeader) }, undefined]);
      expect(destination.sizeOf(traced) - traced.json.length).toBe(
        destination.sizeOf(one) - one.json.length,
      );
    },
  );

  it('is grouped by tenant, for fair queues', async () => {
    const { destination, requests } = queueRig(false).open();

    await destination.send([one, ofTenant, outgoingOf(3, { tenant: '' })], { maxMs: 60_000 });

    expect(requests[0]?.Entries?.map(({ MessageGroupId }) => MessageGroupId)).toEqual([
      undefined,
      'acme',
      undefined,
    ]);
  });

  it('is counted as the service counts: body and attributes', () => {
    const { destination } = queueRig(false).open();

    const contentTypeBytes = 'contenttype'.length + 'String'.length + 28;
    const typeBytes = 'type'.length + 'String'.length + 'order.placed'.length;
    expect(destination.sizeOf(one)).toBe(one.json.length + contentTypeBytes + typeBytes);
  });
});

describe('what a topic is sent', () => {
  it('is the message, with type and aggregate as attributes for filter policies, and no subject', async () => {
    const { destination, requests } = topicRig(false).open();

    await destination.send([one], { maxMs: 60_000 });

    expect(requests).toEqual([
      {
        TopicArn: 'arn:aws:sns:eu-west-1:1:orders',
        PublishBatchRequestEntries: [
          {
            Id: '0',
            Message: one.json,
            MessageAttributes: {
              contenttype: text('application/cloudevents+json'),
              type: text('order.placed'),
              aggregate: text('order/1'),
            },
          },
        ],
      },
    ]);
  });
});

describe('the aggregate as an attribute of a topic’s message', () => {
  const rig = topicRig(false);

  async function attributeOf(aggregate: string): Promise<string> {
    const { destination, requests } = rig.open();
    await destination.send([outgoingOf(1, { aggregate })], { maxMs: 60_000 });
    const [entry] = requests[0]?.PublishBatchRequestEntries ?? [];
    return entry?.MessageAttributes?.['aggregate']?.StringValue ?? '';
  }

  it.each([
    ['order/a\tb', 'order/a%09b'],
    ['order/a\r\nb', 'order/a%0D%0Ab'],
    ['order/\u0000\u001b', 'order/%00%1B'],
    ['order/\u009b', 'order/%C2%9B'],
    ['order/\u2028', 'order/%E2%80%A8'],
    ['order/\ufffe\uffff', 'order/%EF%BF%BE%EF%BF%BF'],
    ['order/\ufdd0\u{1fffe}', 'order/%EF%B7%90%F0%9F%BF%BE'],
    ['order/50%', 'order/50%25'],
    ['order/Grüße 訂單 😀', 'order/Grüße 訂單 😀'],
  ])('can be matched by a filter: %j', async (aggregate, attribute) => {
    expect(await attributeOf(aggregate)).toBe(attribute);
  });

  it('can be read back, and holds no character that SNS takes and does not deliver', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (id) => {
        const attribute = await attributeOf(`order/${id}`);

        expect(decodeURIComponent(attribute)).toBe(`order/${id}`);
        expect(attribute).toMatch(/^[^\p{Cc}\p{Noncharacter_Code_Point}\p{Surrogate}]*$/u);
      }),
    );
  });
});

interface Grouped {
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/** Group and deduplication id of each message of a call. */
async function groupings(rig: Rig, ...outgoing: Outgoing[]): Promise<(string | undefined)[][]> {
  const { destination, requests } = rig.open();
  await destination.send(outgoing, { maxMs: 60_000 });
  const [request] = requests as {
    Entries?: Grouped[];
    PublishBatchRequestEntries?: Grouped[];
  }[];
  const messages = request?.Entries ?? request?.PublishBatchRequestEntries ?? [];
  return messages.map((message) => [message.MessageGroupId, message.MessageDeduplicationId]);
}

describe.each<Rig>([queueRig(true), topicRig(true)])('what $title is sent', (rig) => {
  it('is grouped by aggregate, and known by its event id', async () => {
    expect(await groupings(rig, ofTenant)).toEqual([['order/2', eventId(2)]]);
  });

  it('is no duplicate of the original when it is replayed', async () => {
    expect(await groupings(rig, one, replayed)).toEqual([
      ['order/1', eventId(1)],
      ['order/1', `${eventId(1)}#replay-7`],
    ]);
  });

  it.each(['order/ü', 'order/with space', `order/${'x'.repeat(123)}`])(
    'is grouped by a hash where the service does not take the aggregate as a group: %s',
    async (aggregate) => {
      expect(await groupings(rig, outgoingOf(1, { aggregate }))).toEqual([
        [sha256(aggregate), eventId(1)],
      ]);
    },
  );

  it('is grouped by the aggregate as it is, up to 128 characters', async () => {
    const aggregate = `order/${'x'.repeat(122)}`;

    expect(await groupings(rig, outgoingOf(1, { aggregate }))).toEqual([[aggregate, eventId(1)]]);
  });
});
