import { describe, expect, it } from 'vitest';

import { toMessageJson } from '../../lib/table/message.ts';
import { createVirtualClock, type VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { anEntry, someTime } from '../support/entries.ts';
import { inboxFunction, queueArn, queueUrl, servicesOf } from './support/account.ts';
import { awsError, fakeClients } from './support/clients.ts';
import { duringTests, fakeQueues, type FakeMessage } from './support/fake-queue.ts';
import { parse } from './support/local-outbox.ts';
import { run } from './support/run.ts';

const dead = 'Shop-DeadLetters';
const order = toMessageJson(anEntry(), 'orders');
const invoice = toMessageJson(anEntry({ type: 'invoice.created', aggregate: 'invoice/1' }), 'b');

interface Held {
  readonly id: string;
  readonly body: string;
  visibleAt: number;
}

/** A standard queue of which each call takes `callMs`; it shows a message again after its visibility timeout. */
function longQueue(clock: VirtualClock, bodies: readonly string[], callMs: number) {
  const held = new Map<string, Held>(
    bodies.map((body, index) => [String(index), { id: String(index), body, visibleAt: 0 }]),
  );
  // Calls that begin at one time take that time together.
  const answerLater = async <T>(answer: () => T): Promise<T> => {
    const endsAt = clock.now() + callMs;
    await Promise.resolve();
    clock.advance(Math.max(0, endsAt - clock.now()));
    return answer();
  };
  const take = (seconds: number): object[] => {
    const now = clock.now();
    const taken: object[] = [];
    for (const message of held.values()) {
      if (message.visibleAt > now) continue;
      // Behind those that were never received.
      held.delete(message.id);
      held.set(message.id, message);
      message.visibleAt = now + seconds * 1000;
      const { id, body } = message;
      taken.push({ MessageId: id, ReceiptHandle: id, Body: body, Attributes: {} });
      if (taken.length === 10) break;
    }
    return taken;
  };
  return {
    size: () => held.size,
    visible: () => [...held.values()].filter(({ visibleAt }) => visibleAt <= clock.now()).length,
    answers: {
      GetQueueUrl: ({ QueueName }: { QueueName: string }) => ({ QueueUrl: queueUrl(QueueName) }),
      GetQueueAttributes: () => ({
        Attributes: { ApproximateNumberOfMessages: String(held.size) },
      }),
      ListDeadLetterSourceQueues: () => ({ queueUrls: [] }),
      ReceiveMessage: ({ VisibilityTimeout }: { VisibilityTimeout: number }) =>
        answerLater(() => ({ Messages: take(VisibilityTimeout) })),
      ChangeMessageVisibilityBatch: ({ Entries }: { Entries: { ReceiptHandle: string }[] }) =>
        answerLater(() => {
          for (const { ReceiptHandle: id } of Entries) {
            const message = held.get(id);
            if (message !== undefined) message.visibleAt = 0;
          }
          return {};
        }),
      DeleteMessage: ({ ReceiptHandle }: { ReceiptHandle: string }) =>
        answerLater(() => {
          held.delete(ReceiptHandle);
          return {};
        }),
      SendMessage: () => answerLater(() => ({})),
    },
  };
}

async function runOn(command: string, bodies: readonly string[], callMs: number) {
  const clock = createVirtualClock(someTime);
  const queue = longQueue(clock, bodies, callMs);
  const account = {
    functions: [inboxFunction('Billing')],
    triggers: { 'Shop-Handler': [{ EventSourceArn: queueArn('Shop-Queue') }] },
  };
  const clients = fakeClients({ ...servicesOf(account), sqs: queue.answers });
  const ran = await run(command, { clients, clock });
  return { ...ran, queue, tookMs: clock.now() - someTime };
}

const many = (body: string, count: number): string[] => Array.from({ length: count }, () => body);
const minute = 60_000;

describe('a queue with 20,000 messages that are not asked for', () => {
  it.each([
    ['inbox redrive Billing --type invoice.* --yes --json', order, { done: 3, others: 20_000 }],
    ['inbox discard Billing --type invoice.* --yes --json', order, { done: 3, others: 20_000 }],
    [`redrive-queue ${dead} --to q --yes --json`, 'hello', { moved: 3, left: 20_000 }],
  ])('is looked through by %s within two minutes', async (command, other, counts) => {
    const ran = await runOn(command, [...many(other, 20_000), ...many(invoice, 3)], 80);

    expect(parse(ran.out)).toMatchObject({ ...counts, isCut: false });
    expect(ran.tookMs).toBeLessThan(2 * minute);
    expect(ran.queue.visible()).toBe(20_000);
  });

  it.each([
    'inbox redrive Billing --type invoice.* --yes --json',
    'inbox discard Billing --type invoice.* --yes --json',
    `redrive-queue ${dead} --to q --yes --json`,
  ])(
    'makes %s end where calls are slow: it gives back what it saw, and says so',
    async (command) => {
      const other = command.startsWith('inbox') ? order : 'hello';

      const ran = await runOn(command, many(other, 20_000), 2_000);

      expect(parse(ran.out)).toMatchObject({ isCut: true });
      expect(ran.code).toBe(1);
      expect(ran.tookMs).toBeLessThan(12 * minute);
      expect(ran.queue.visible()).toBe(20_000);
    },
  );

  it.each(['inbox ls Billing --limit 10000 --json', 'inbox show Billing no-such-message'])(
    'makes %s end where calls are slow',
    async (command) => {
      const ran = await runOn(command, many(order, 20_000), 2_000);

      expect(ran.out + ran.notes).toMatch(/"isCut": true|among its first \d+/);
      expect(ran.queue.visible()).toBe(20_000);
    },
  );

  it('is scanned again where a scan changed some and did not see the end', async () => {
    const bodies = [...many(order, 2_000), ...many(invoice, 1), ...many(order, 2_000), invoice];

    const ran = await runOn('inbox discard Billing --type invoice.* --yes --json', bodies, 2_000);

    expect(parse(ran.out)).toMatchObject({ done: 2 });
  });
});

const account = {
  functions: [inboxFunction('Billing')],
  triggers: { 'Shop-Handler': [{ EventSourceArn: queueArn('Shop-Queue') }] },
};

function withMessages(messages: readonly FakeMessage[]) {
  const queues = fakeQueues({ [dead]: messages, 'Shop-Queue': [] });
  return { queues, clients: fakeClients({ ...servicesOf(account), sqs: queues.answers }) };
}

describe('messages of a dead-letter queue', () => {
  it.each([
    'inbox redrive Billing --all --yes --json',
    `redrive-queue ${dead} --to Shop-Queue --yes --json`,
  ])(
    'are moved by %s where they are copies of one another, and none came back',
    async (command) => {
      const copies = ['a', 'b', 'c'].map((id) => ({ id, body: order }));
      const { queues, clients } = withMessages(copies);

      const { code, out } = await run(command, { clients });

      expect(parse(out)).toMatchObject({ cameBack: 0, arrived: 0 });
      expect(queues.visible('Shop-Queue')).toHaveLength(3);
      expect(code).toBe(0);
    },
  );

  it.each([
    'inbox redrive Billing --all --yes --json',
    'inbox discard Billing --all --yes --json',
    `redrive-queue ${dead} --to Shop-Queue --yes --json`,
  ])('are left by %s where they arrived after it began', async (command) => {
    const { queues, clients } = withMessages([{ id: 'late', body: order, sentAt: duringTests }]);

    const { out } = await run(command, { clients });

    expect(parse(out)).toMatchObject({ arrived: 1, cameBack: 0 });
    expect(queues.visible(dead)).toHaveLength(1);
  });

  it.each(['inbox redrive Billing --all --yes', `redrive-queue ${dead} --to Shop-Queue --yes`])(
    'are given back by %s where it fails in the middle',
    async (command) => {
      const { queues } = withMessages([
        { id: 'a', body: order },
        { id: 'b', body: invoice },
      ]);
      const SendMessage = (): never => {
        throw awsError('AccessDenied');
      };
      const sqs = { ...queues.answers, SendMessage };

      const { code } = await run(command, {
        clients: fakeClients({ ...servicesOf(account), sqs }),
      });

      expect(code).toBe(2);
      expect(queues.visible(dead)).toHaveLength(2);
    },
  );
});
