import { describe, expect, it } from 'vitest';

import { toMessageJson } from '../../lib/table/message.ts';
import { anEntry } from '../support/entries.ts';
import { inboxFunction, queueArn, queueUrl, servicesOf } from './support/account.ts';
import { awsError, fakeClients } from './support/clients.ts';
import { fakeQueues, type FakeMessage } from './support/fake-queue.ts';
import { parse } from './support/local-outbox.ts';
import { run } from './support/run.ts';

const entry = anEntry({ data: '{"card":"4111"}' });
const rejected: FakeMessage = {
  id: 'm-1',
  body: toMessageJson(entry, 'orders'),
  attributes: {
    outboxErrorCode: 'EVENT_INVALID',
    outboxErrorMessage: 'total must be a number',
    outboxInboxName: 'Shop/Billing',
    outboxMessageId: 'before',
    tenant: 'acme',
  },
};
const failedOften: FakeMessage = {
  id: 'm-2',
  body: toMessageJson(anEntry({ type: 'invoice.created', aggregate: 'invoice/1' }), 'billing'),
};
const nonsense: FakeMessage = { id: 'm-3', body: 'hello' };

/** An account with one inbox whose dead-letter queue holds three messages. */
function anAccount(messages: readonly FakeMessage[] = [rejected, failedOften, nonsense]) {
  const queues = fakeQueues({ 'Shop-DeadLetters': messages, 'Shop-Queue': [] });
  const account = {
    functions: [inboxFunction('Shop/Billing')],
    triggers: { 'Shop-Handler': [{ EventSourceArn: queueArn('Shop-Queue'), State: 'Enabled' }] },
    ages: { 'Shop-Queue': 7200 },
  };
  return { queues, clients: fakeClients({ ...servicesOf(account), sqs: queues.answers }) };
}

describe('outbox inbox ls', () => {
  it('shows the inboxes there are, with exit code 1 where something lies there', async () => {
    const full = await run('inbox ls', anAccount());
    const empty = await run('inbox ls', anAccount([]));

    expect(full.out).toMatch(/Shop\/Billing +Shop-Handler +0 +enabled +3/);
    expect(full.code).toBe(1);
    expect(empty.code).toBe(0);
  });

  it('shows how many messages wait in the queue of an inbox, and for how long', async () => {
    const { queues, clients } = anAccount([]);
    queues.answers['SendMessage']?.({
      QueueUrl: queueUrl('Shop-Queue'),
      MessageBody: 'x',
    } as never);

    const all = await run('inbox ls', { clients });
    const one = await run('inbox ls Billing', { clients });
    const json = await run('inbox ls --json', { clients });

    expect(all.out).toMatch(/messages +oldest +mapping +dead letters/);
    expect(all.out).toMatch(/Shop-Handler +1 +2 h +enabled +0/);
    expect(one.notes).toContain(
      'Queue Shop-Queue: 1 message, the oldest of 2 h ago; event source mapping enabled',
    );
    expect(parse(json.out)).toMatchObject({
      inboxes: [{ queue: 'Shop-Queue', messages: 1, oldestMs: 7_200_000, mapping: 'Enabled' }],
    });
  });

  it('does without the age where CloudWatch may not be asked', async () => {
    const { queues } = anAccount([]);
    queues.answers['SendMessage']?.({
      QueueUrl: queueUrl('Shop-Queue'),
      MessageBody: 'x',
    } as never);
    const GetMetricData = (): never => {
      throw awsError('AccessDenied');
    };
    const services = servicesOf({
      functions: [inboxFunction('Shop/Billing')],
      triggers: { 'Shop-Handler': [{ EventSourceArn: queueArn('Shop-Queue'), State: 'Disabled' }] },
    });
    const clients = fakeClients({
      ...services,
      sqs: queues.answers,
      cloudwatch: { GetMetricData },
    });

    expect((await run('inbox ls', { clients })).out).toMatch(/1 +unknown +disabled/);
  });

  it('shows what an inbox could not handle and why, and gives it back', async () => {
    const { queues, clients } = anAccount();

    const { code, out } = await run('inbox ls Billing', { clients });

    expect(out).toMatch(
      new RegExp(`m-1 +${entry.id} +order\\.placed +EVENT_INVALID +total must be a number +1`),
    );
    expect(out).toMatch(/m-3 /);
    expect(out).not.toContain('4111');
    expect(queues.hidden('Shop-DeadLetters')).toEqual([]);
    expect(code).toBe(1);
  });

  it('picks by reason and by type', async () => {
    const { clients } = anAccount();
    const idsOf = (out: string): unknown[] =>
      (parse(out)['messages'] as { messageId: string }[]).map(({ messageId }) => messageId);

    expect(
      idsOf((await run('inbox ls Billing --json --reason EVENT_INVALID', { clients })).out),
    ).toEqual(['m-1']);
    expect(idsOf((await run('inbox ls Billing --json --type invoice.*', { clients })).out)).toEqual(
      ['m-2'],
    );
  });

  it('suggests the inbox that was meant', async () => {
    const { code, notes } = await run('inbox ls Shop/Biling', anAccount());

    expect(notes).toContain('Did you mean Shop/Billing?');
    expect(code).toBe(2);
  });

  it('says which stack it could be where two inboxes have one name', async () => {
    const functions = [inboxFunction('Billing'), inboxFunction('Billing', 'Other')];
    const clients = fakeClients(servicesOf({ functions }));

    expect((await run('inbox ls Billing', { clients })).notes).toContain('Say which stack');
  });
});

describe('outbox inbox show', () => {
  it('shows one message by its id or its event, the body only when asked', async () => {
    const { clients } = anAccount();

    const byMessage = await run('inbox show Billing m-1', { clients });
    const byEvent = await run(`inbox show Billing ${entry.id} --data`, { clients });

    expect(byMessage.out).toMatch(/reason +EVENT_INVALID/);
    expect(byMessage.out).not.toContain('4111');
    expect(byEvent.out).toContain('"card": "4111"');
  });

  it('shows what is no message at all', async () => {
    const { clients } = anAccount();

    expect((await run('inbox show Billing m-3 --data', { clients })).out).toContain('hello');
  });

  it('says so where there is no such message', async () => {
    const { code, notes } = await run('inbox show Billing m-9', anAccount());

    expect(notes).toContain('shows no message m-9');
    expect(code).toBe(2);
  });
});

describe('outbox inbox redrive', () => {
  it('first shows what it would do', async () => {
    const { queues, clients } = anAccount();

    const { out, notes } = await run('inbox redrive Billing --all', { clients });

    expect(out).toContain('m-1');
    expect(notes).toContain('Add --yes');
    expect(queues.visible('Shop-DeadLetters')).toHaveLength(3);
  });

  it("gives messages back to the inbox's queue, without the reasons", async () => {
    const { queues, clients } = anAccount();

    const { code, out } = await run('inbox redrive Billing --reason EVENT_INVALID --yes', {
      clients,
    });

    expect(out).toContain('redrive: 1 message');
    expect(queues.sent).toEqual([
      {
        QueueUrl: queueUrl('Shop-Queue'),
        MessageBody: rejected.body,
        MessageAttributes: { tenant: { DataType: 'String', StringValue: 'acme' } },
      },
    ]);
    expect(queues.visible('Shop-DeadLetters')).toEqual([failedOften, nonsense]);
    expect(code).toBe(0);
  });

  it('takes messages by the id of their event', async () => {
    const { queues, clients } = anAccount();

    await run(`inbox redrive Billing ${entry.id} --yes`, { clients });

    expect(queues.visible('Shop-DeadLetters')).toEqual([failedOften, nonsense]);
  });

  it('takes all of them, and says in JSON how many', async () => {
    const { queues, clients } = anAccount();

    const { out } = await run('inbox redrive Billing --all --yes --json', { clients });

    expect(parse(out)).toEqual({
      dryRun: false,
      inbox: 'Shop/Billing',
      found: 3,
      done: 3,
      others: 0,
      cameBack: 0,
      arrived: 0,
      isCut: false,
    });
    expect(queues.visible('Shop-Queue')).toHaveLength(3);
  });

  it('leaves what the inbox refuses again while it is at it, and says so', async () => {
    const { queues, clients } = anAccount([rejected, failedOften]);
    const { SendMessage } = queues.answers;
    const refuseAtOnce = (input: { MessageBody: string }): unknown => {
      const to = input.MessageBody === rejected.body ? 'Shop-DeadLetters' : 'Shop-Queue';
      return SendMessage?.({ ...input, QueueUrl: queueUrl(to) } as never);
    };
    const send = (command: { input: never }): unknown =>
      command.constructor.name === 'SendMessageCommand'
        ? refuseAtOnce(command.input)
        : clients.sqs.send(command as never);

    const { code, out } = await run('inbox redrive Billing --all --yes', {
      clients: { ...clients, sqs: { send: send as never } as never },
    });

    expect(out).toContain('redrive: 2 messages\ncame back at once, and left: 1');
    expect(queues.visible('Shop-DeadLetters').map(({ body }) => body)).toEqual([rejected.body]);
    expect(queues.visible('Shop-Queue').map(({ body }) => body)).toEqual([failedOften.body]);
    expect(code).toBe(1);
  });

  it('asks what is meant', async () => {
    const { code, notes } = await run('inbox redrive Billing', anAccount());

    expect(notes).toContain('say what to redrive');
    expect(code).toBe(2);
  });

  it('says so where the queue of the inbox is not to be found', async () => {
    const { queues } = anAccount();
    const account = { functions: [inboxFunction('Shop/Billing')] };
    const clients = fakeClients({ ...servicesOf(account), sqs: queues.answers });

    const { code, notes } = await run('inbox redrive Billing --all --yes', { clients });

    expect(notes).toContain('outbox redrive-queue takes the queue as --to');
    expect(code).toBe(2);
    expect(queues.visible('Shop-DeadLetters')).toHaveLength(3);
  });
});

describe('outbox inbox discard', () => {
  it('deletes what is asked for, and nothing else', async () => {
    const { queues, clients } = anAccount();

    const { out } = await run('inbox discard Billing m-3 --yes', { clients });

    expect(out).toContain('discard: 1 message');
    expect(queues.visible('Shop-DeadLetters')).toEqual([rejected, failedOften]);
    expect(queues.sent).toEqual([]);
  });
});
