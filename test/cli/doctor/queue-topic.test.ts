import { describe, expect, it } from 'vitest';

import { checkQueue, checkTopic } from '../../../lib/cli/doctor/destinations.ts';
import { queueUrl, servicesOf } from '../support/account.ts';
import { awsError } from '../support/clients.ts';
import { aSession } from '../support/session.ts';

const queue = { name: 'queue/Q', kind: 'queue' as const, target: queueUrl('q'), ordered: false };
const topic = {
  name: 'topic/T',
  kind: 'topic' as const,
  target: 'arn:aws:sns:eu-west-1:1:t',
  ordered: false,
};
const withDeadLetters = { RedrivePolicy: '{"deadLetterTargetArn":"arn"}' };

function lookAtQueue(attributes: Record<string, string> | undefined, ordered = false) {
  const queues = attributes === undefined ? [] : [{ name: 'q', attributes }];
  return checkQueue({ ...queue, ordered }, aSession({ services: servicesOf({ queues }) }));
}

function lookAtTopic(attributes: object, { subscriptions = 1, ordered = false } = {}) {
  const sns = {
    GetTopicAttributes: () => ({ Attributes: attributes }),
    ListSubscriptionsByTopic: () => ({ Subscriptions: Array.from({ length: subscriptions }) }),
  };
  return checkTopic({ ...topic, ordered }, aSession({ services: { sns } }));
}

describe('a queue', () => {
  it('is well where it is as the relay takes it for', async () => {
    expect(await lookAtQueue(withDeadLetters)).toMatchObject([
      { severity: 'ok', about: 'queue queue/Q' },
    ]);
    expect(await lookAtQueue({ ...withDeadLetters, FifoQueue: 'true' }, true)).toMatchObject([
      { severity: 'ok' },
    ]);
  });

  it('is a problem where it is gone', async () => {
    expect(await lookAtQueue(undefined)).toMatchObject([
      {
        severity: 'problem',
        what: `there is no queue ${queueUrl('q')}`,
        nextStep: expect.any(String) as string,
      },
    ]);
  });

  it('is a problem where it keeps no order, or an unwanted one', async () => {
    expect(await lookAtQueue(withDeadLetters, true)).toMatchObject([
      { severity: 'problem', what: 'the relay takes it for a FIFO queue, and it is none' },
    ]);
    expect(await lookAtQueue({ ...withDeadLetters, FifoQueue: 'true' })).toMatchObject([
      { severity: 'problem', what: 'the relay takes it for a standard queue, and it is none' },
    ]);
  });

  it('is warned of where it has no dead-letter queue', async () => {
    const [finding] = await lookAtQueue({});

    expect(finding).toMatchObject({ severity: 'warning' });
    expect(finding?.what).toContain('no dead-letter queue');
  });
});

describe('a topic', () => {
  it('is well where it is as the relay takes it for, and somebody listens', async () => {
    expect(await lookAtTopic({})).toMatchObject([{ severity: 'ok', about: 'topic topic/T' }]);
    expect(await lookAtTopic({ FifoTopic: 'true' }, { ordered: true })).toMatchObject([
      { severity: 'ok' },
    ]);
  });

  it('is a problem where it is gone', async () => {
    const sns = {
      GetTopicAttributes: () => {
        throw awsError('NotFoundException');
      },
    };

    const [finding] = await checkTopic(topic, aSession({ services: { sns } }));

    expect(finding).toMatchObject({
      severity: 'problem',
      what: `there is no topic ${topic.target}`,
    });
  });

  it('is a problem where it keeps no order, or an unwanted one', async () => {
    expect(await lookAtTopic({}, { ordered: true })).toMatchObject([
      { severity: 'problem', what: 'the relay takes it for a FIFO topic, and it is none' },
    ]);
    expect(await lookAtTopic({ FifoTopic: 'true' })).toMatchObject([{ severity: 'problem' }]);
  });

  it('is a warning without subscriptions', async () => {
    const [finding] = await lookAtTopic({}, { subscriptions: 0 });

    expect(finding).toMatchObject({ severity: 'warning', nextStep: expect.any(String) as string });
    expect(finding?.what).toContain('it has no subscriptions');
  });
});
