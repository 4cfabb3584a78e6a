import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';

import { giveBack } from '../../lib/cli/queues/receive.ts';
import { toMessageJson } from '../../lib/table/message.ts';
import { anEntry } from '../support/entries.ts';
import { inboxFunction, outboxFunctions, queueUrl, servicesOf } from './support/account.ts';
import { awsError, fakeClients } from './support/clients.ts';
import { fakeQueues } from './support/fake-queue.ts';
import { createLocalOutbox } from './support/local-outbox.ts';
import { run } from './support/run.ts';

const message = { id: 'm-1', body: toMessageJson(anEntry(), 'orders') };
const dead = 'Shop-DeadLetters';

describe('messages that somebody else received just now', () => {
  it.each(['inbox ls Billing', 'inbox redrive Billing --all', `redrive-queue ${dead}`])(
    'are not taken for none by %s: it says when to look again',
    async (command) => {
      const queues = fakeQueues({ [dead]: [message] });
      const account = servicesOf({ functions: [inboxFunction('Billing')] });
      const clients = fakeClients({ ...account, sqs: queues.answers });
      await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl(dead) }));

      const { out, notes } = await run(command, { clients });

      expect(out + notes).toContain(`${dead} shows none of its 1 message: somebody received them`);
      expect(out + notes).toContain('Look again in 120 seconds');
    },
  );

  it('are none where the queue is empty', async () => {
    const account = servicesOf({ functions: [inboxFunction('Billing')] });
    const clients = fakeClients({ ...account, sqs: fakeQueues({ [dead]: [] }).answers });

    const { code, notes } = await run('inbox ls Billing', { clients });

    expect(notes).toBe(
      `The handler Shop-Handler has no event source mapping of a queue.\n${dead} is empty.\n`,
    );
    expect(code).toBe(0);
  });

  it('are not what a filter leaves out', async () => {
    const account = servicesOf({ functions: [inboxFunction('Billing')] });
    const clients = fakeClients({ ...account, sqs: fakeQueues({ [dead]: [message] }).answers });

    const { notes } = await run('inbox ls Billing --reason ODD', { clients });

    expect(notes).toContain('Nothing of that among the 1 message of its dead-letter queue');
  });
});

describe('giveBack', () => {
  const clientsThatAnswer = (answer: () => object) =>
    fakeClients({ sqs: { ChangeMessageVisibilityBatch: answer } });
  const refuses = (Code: string) =>
    clientsThatAnswer(() => ({ Failed: [{ Id: '0', Code, SenderFault: true, Message: Code }] }));

  it.each([
    'MessageNotInflight',
    'ReceiptHandleIsInvalid',
    'InvalidParameterValue',
    'AWS.SimpleQueueService.MessageNotInflight',
  ])('takes %s for a message that is visible already', async (code) => {
    await expect(giveBack(queueUrl(dead), ['r'], refuses(code))).resolves.toBeUndefined();
  });

  it('reads the answer message by message, and throws what else SQS says of one', async () => {
    const giving = giveBack(queueUrl(dead), ['r'], refuses('InternalError'));

    await expect(giving).rejects.toThrow('InternalError');
  });

  it('throws what SQS says of the whole call', async () => {
    const clients = clientsThatAnswer(() => {
      throw awsError('AccessDenied');
    });

    await expect(giveBack(queueUrl(dead), ['r'], clients)).rejects.toThrow('AccessDenied');
  });
});

describe('where messages of a queue go', () => {
  it.each(['AccessDenied', 'InvalidAction'])(
    'is asked for where the queues it serves may not be asked for (%s)',
    async (name) => {
      const queues = fakeQueues({ [dead]: [message], inbox: [] });
      const sqs = {
        ...queues.answers,
        ListDeadLetterSourceQueues: () => {
          throw awsError(name);
        },
      };
      const clients = fakeClients({ ...servicesOf({}), sqs });

      const unknown = await run(`redrive-queue ${dead} --yes`, { clients });
      const told = await run(`redrive-queue ${dead} --to inbox --yes`, { clients });

      expect(unknown.notes).toContain('say so with --to');
      expect(told.out).toContain('brought back: 1 message');
    },
  );
});

describe('the status', () => {
  it('includes the queue of what could not be put into an inbox of the stack', async () => {
    const world = await createLocalOutbox({
      account: (tableName) => ({
        functions: outboxFunctions(tableName),
        queues: [
          {
            name: 'undelivered',
            attributes: { ApproximateNumberOfMessages: '2' },
            stack: 'Shop',
            path: 'Shop/Billing/UndeliveredQueue',
          },
          { name: 'inbox', stack: 'Shop', path: 'Shop/Billing/Queue' },
        ],
      }),
    });

    const { out } = await world.outbox('status --stack Shop');

    expect(out).toContain(
      '2 messages in undelivered: messages that could not be put into the queue of Shop/Billing\n' +
        '    → outbox redrive-queue undelivered --stack Shop',
    );
  });
});
