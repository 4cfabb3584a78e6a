import { describe, expect, it } from 'vitest';

import { toMessageJson } from '../../lib/table/message.ts';
import { anEntry } from '../support/entries.ts';
import { queueArn, queueUrl, servicesOf, type FakeQueue } from './support/account.ts';
import { fakeClients } from './support/clients.ts';
import { fakeQueues, type FakeMessage, type FakeQueues } from './support/fake-queue.ts';
import { parse } from './support/local-outbox.ts';
import { run } from './support/run.ts';
import { fakeTerminal } from './support/terminal.ts';

const json = toMessageJson(anEntry(), 'orders');

/** What a rule puts aside that it could not deliver to the queue `inbox`. */
const undelivered: FakeMessage = {
  id: 'm-1',
  body: JSON.stringify({
    'detail-type': 'order.placed',
    source: 'orders',
    detail: JSON.parse(json) as object,
  }),
  attributes: {
    ERROR_CODE: 'NO_PERMISSIONS',
    RULE_ARN: 'arn:aws:events:eu-west-1:1:rule/shop/x',
    TARGET_ARN: queueArn('inbox'),
    tenant: 'acme',
  },
};

/** The on-failure record of a discarded batch. */
const givenUp: FakeMessage = {
  id: 'm-2',
  body: JSON.stringify({
    requestContext: {},
    DDBStreamBatchInfo: { batchSize: 100, shardId: 'x' },
  }),
};

const foreign: FakeMessage = { id: 'm-3', body: 'hello' };
const bare: FakeMessage = { id: 'm-4', body: json };

function clientsOf(queues: FakeQueues, stackQueues: readonly FakeQueue[] = []) {
  return fakeClients({ ...servicesOf({ queues: stackQueues }), sqs: queues.answers });
}

describe('outbox redrive-queue', () => {
  it('first shows what is there and where it would go, and gives it back', async () => {
    const queues = fakeQueues({ dead: [undelivered, givenUp, foreign], inbox: [] });

    const { code, out, notes } = await run('redrive-queue dead', { clients: clientsOf(queues) });

    expect(out).toMatch(/order\.placed +NO_PERMISSIONS +inbox +1/);
    expect(out).toMatch(/record of a discarded batch .*sweeper delivers +1/);
    expect(out).toMatch(/no message of an outbox .*left alone +1/);
    expect(notes).toContain('Add --yes');
    expect(queues.visible('dead')).toHaveLength(3);
    expect(queues.sent).toEqual([]);
    expect(code).toBe(0);
  });

  it('brings messages back, deletes notes of batches, and leaves alone what it does not know', async () => {
    const queues = fakeQueues({ dead: [undelivered, givenUp, foreign], inbox: [] });

    const { code, out } = await run('redrive-queue dead --yes', { clients: clientsOf(queues) });

    expect(out).toContain('brought back: 1 message\ndeleted: 1 note\nleft alone: 1');
    expect(queues.sent).toMatchObject([
      { QueueUrl: queueUrl('inbox'), MessageBody: undelivered.body },
    ]);
    expect(queues.visible('dead')).toEqual([foreign]);
    expect(code).toBe(1);
  });

  it('keeps what the message had of its own, and not why it was put aside', async () => {
    const queues = fakeQueues({ dead: [undelivered], inbox: [] });

    await run('redrive-queue dead --yes', { clients: clientsOf(queues) });

    expect(queues.sent[0]).toMatchObject({
      MessageAttributes: { tenant: { DataType: 'String', StringValue: 'acme' } },
    });
    expect(Object.keys(queues.sent[0]!['MessageAttributes'] as object)).toEqual(['tenant']);
  });

  it('sends first and deletes then: what breaks off in between comes twice, never not at all', async () => {
    const queues = fakeQueues({ dead: [bare], inbox: [] });
    const cut = {
      ...queues.answers,
      DeleteMessage: () => {
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      },
    };
    const clients = fakeClients({ ...servicesOf({}), sqs: cut });

    const { code, notes } = await run('redrive-queue dead --to inbox --yes', { clients });

    expect(code).toBe(2);
    expect(notes).toContain('no connection to AWS');
    expect(queues.visible('inbox')).toHaveLength(1);
    expect(queues.visible('dead')).toEqual([bare]);
  });

  it('asks where a message goes that does not say so itself', async () => {
    const queues = fakeQueues({ dead: [bare], inbox: [] });
    const clients = clientsOf(queues);

    const unknown = await run('redrive-queue dead --yes', { clients });
    const told = await run('redrive-queue dead --to inbox --yes', { clients });

    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.notes).toContain('say so with --to');
    expect(told.out).toContain('brought back: 1 message');
  });

  it('knows the one queue that it is the dead-letter queue of', async () => {
    const queues = fakeQueues({ dead: [bare], inbox: [] });
    const sqs = {
      ...queues.answers,
      ListDeadLetterSourceQueues: () => ({ queueUrls: [queueUrl('inbox')] }),
    };

    await run('redrive-queue dead --yes', { clients: fakeClients({ ...servicesOf({}), sqs }) });

    expect(queues.visible('inbox')).toHaveLength(1);
  });

  it("finds the main queue of an inbox's queue for undelivered messages", async () => {
    const queues = fakeQueues({ undelivered: [bare], inbox: [] });
    const stackQueues = [
      { name: 'undelivered', stack: 'Shop', path: 'Shop/Billing/UndeliveredQueue' },
      { name: 'inbox', stack: 'Shop', path: 'Shop/Billing/Queue' },
    ];

    await run('redrive-queue undelivered --yes', { clients: clientsOf(queues, stackQueues) });

    expect(queues.visible('inbox')).toHaveLength(1);
  });

  it('keeps the order of each group of a FIFO queue, under ids of their own', async () => {
    const messages = ['a-1', 'a-2', 'a-3'].map((id) => ({
      id,
      body: toMessageJson(anEntry(), 'orders'),
      group: 'order/1',
    }));
    const queues = fakeQueues({ 'dead.fifo': messages, 'inbox.fifo': [] });

    await run('redrive-queue dead.fifo --to inbox.fifo --yes', { clients: clientsOf(queues) });

    expect(queues.sent.map((message) => message['MessageDeduplicationId'])).toEqual([
      'a-1',
      'a-2',
      'a-3',
    ]);
    expect(queues.sent.every((message) => message['MessageGroupId'] === 'order/1')).toBe(true);
  });

  it('takes a queue by its URL, its ARN or its name, and says where there is none', async () => {
    const queues = fakeQueues({ dead: [] });
    const clients = clientsOf(queues);

    for (const name of ['dead', queueUrl('dead'), queueArn('dead')]) {
      expect(await run(`redrive-queue ${name}`, { clients })).toMatchObject({
        out: 'dead is empty.\n',
        code: 0,
      });
    }
    const { code, notes } = await run('redrive-queue deaf', { clients });

    expect(code).toBe(2);
    expect(notes).toContain('there is no queue deaf');
  });

  it('shows a person how far it is, and takes only yes for an answer', async () => {
    const queues = fakeQueues({ dead: [undelivered], inbox: [] });

    const { notes } = await run('redrive-queue dead', {
      clients: clientsOf(queues),
      terminal: fakeTerminal(['yes']),
    });

    expect(notes).toContain('Bring back 1 message?');
    expect(notes).toContain('1 of 1');
  });

  it('gives scripts JSON', async () => {
    const queues = fakeQueues({ dead: [undelivered], inbox: [] });
    const clients = clientsOf(queues);

    const dry = await run('redrive-queue dead --json', { clients });
    const done = await run('redrive-queue dead --json --yes', { clients });

    expect(parse(dry.out)).toEqual({ dryRun: true, queue: queueUrl('dead'), messages: 1 });
    expect(parse(done.out)).toEqual({
      dryRun: false,
      queue: queueUrl('dead'),
      moved: 1,
      deleted: 0,
      left: 0,
      cameBack: 0,
      arrived: 0,
      isCut: false,
    });
  });
});
