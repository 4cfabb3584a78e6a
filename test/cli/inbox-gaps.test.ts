import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';

import { inboxToEnvironment } from '../../lib/core/environment.ts';
import { gapCheckVariable } from '../../lib/table/ordered.ts';
import { type InboxMessage } from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { messageOf, sqsEventOf, type Message } from '../../lib/testing.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import { OrderPlaced, placed, surroundings } from '../inbox/support.ts';
import { createKeyedTable, localClient } from '../support/tables.ts';
import { queueUrl, servicesOf } from './support/account.ts';
import { fakeClients } from './support/clients.ts';
import { fakeQueues } from './support/fake-queue.ts';
import { parse } from './support/local-outbox.ts';
import { run } from './support/run.ts';

const minuteMs = 60_000;
const at = (sequence: number, order = '42'): Message => messageOf(placed(order), { sequence });

/** An account with an ordered inbox on DynamoDB Local that was given messages; the handler fails for some. */
async function anOrderedInbox({ failing = [] }: { failing?: readonly number[] } = {}) {
  const client = localClient();
  const config = {
    name: 'Shop/Billing',
    tableName: await createKeyedTable(client),
    dedupeWindowMs: 60 * minuteMs,
    deadLetterQueueUrl: queueUrl('Shop-DeadLetters'),
    ordered: {
      queueUrl: queueUrl('Shop-Queue'),
      adoptWaitMs: minuteMs,
      replayWaitMs: 15 * minuteMs,
    },
  };
  const environment = inboxToEnvironment(config);
  const functions = [
    { name: 'Shop-Handler', environment },
    { name: 'Shop-Gaps', environment: { ...environment, [gapCheckVariable]: 'true' } },
  ];
  const queues = fakeQueues({ 'Shop-DeadLetters': [], 'Shop-Queue': [] });
  const clock = createVirtualClock(Date.now());
  const clients = fakeClients({ ...servicesOf({ functions }), sqs: queues.answers }, localClient());
  const seen: number[] = [];
  const inbox = openInbox(config, {
    ...surroundings().options,
    documentClient: DynamoDBDocumentClient.from(client),
    clock,
  }).on(OrderPlaced, ({ sequence = 0 }: InboxMessage) => {
    if (failing.includes(sequence)) throw new Error('no');
    seen.push(sequence);
  });
  const handle = (...messages: (Message | string)[]) => inbox(sqsEventOf(messages));
  return {
    clock,
    queues,
    seen,
    handle,
    /** Handles what was put back on the queue. */
    handlePutBack: () => handle(...queues.visible('Shop-Queue').map(({ body }) => body)),
    outbox: (line: string) => run(line, { clients, clock }),
  };
}

describe('outbox inbox ls', () => {
  it('counts the gaps of an ordered inbox, with exit code 1 where there are any', async () => {
    const { handle, outbox } = await anOrderedInbox();
    const before = await outbox('inbox ls');

    await handle(at(2), at(5, '7'));
    const { code, out } = await outbox('inbox ls');

    expect(before.code).toBe(0);
    expect(out).toMatch(/Shop\/Billing +Shop-Handler +unknown +unknown +missing +0 +2/);
    expect(out).not.toContain('Shop-Gaps');
    expect(code).toBe(1);
  });

  it('shows what waits for what, and for how long', async () => {
    const { handle, outbox, clock } = await anOrderedInbox();
    await handle(at(1), at(2), at(5));
    clock.advance(7 * minuteMs);

    const { code, out } = await outbox('inbox ls Billing');

    expect(out).toMatch(/order\/42 +2 +3 to 4 +5 +7 min +an earlier event did not come, or failed/);
    expect(code).toBe(1);
  });

  it('tells an aggregate whose beginning did not come', async () => {
    const { handle, outbox } = await anOrderedInbox();
    await handle(at(57));

    expect((await outbox('inbox ls Billing')).out).toContain('its beginning did not come');
  });

  it('shows dead letters alone where it is asked for some of them', async () => {
    const { handle, outbox } = await anOrderedInbox();
    await handle(at(57));

    expect((await outbox('inbox ls Billing --reason EVENT_INVALID')).out).not.toContain('order/42');
  });
});

describe('outbox inbox show', () => {
  it('shows where the inbox is in an aggregate', async () => {
    const { handle, outbox } = await anOrderedInbox();
    const waiting = at(5);
    await handle(at(1), at(2), waiting);

    const { code, out } = await outbox('inbox show Billing order/42');

    expect(out).toMatch(/handled up to +2/);
    expect(out).toMatch(new RegExp(`waits +5: event ${waiting.id}`));
    expect(out).not.toContain('orderId');
    expect(code).toBe(1);
  });

  it('says that nothing waits', async () => {
    const { handle, outbox } = await anOrderedInbox();
    await handle(at(1));

    const { code, out } = await outbox('inbox show Billing order/42');

    expect(out).toMatch(/waits +nothing/);
    expect(code).toBe(0);
  });
});

describe('outbox inbox skip', () => {
  it('first shows what it would pass over', async () => {
    const { handle, outbox, queues } = await anOrderedInbox();
    await handle(at(1), at(4));

    const { out, notes } = await outbox('inbox skip Billing order/42');

    expect(out).toMatch(/order\/42 +2 to 3 +4/);
    expect(notes).toContain('Add --yes');
    expect(queues.sent).toEqual([]);
    expect((await outbox('inbox ls Billing')).out).toContain('2 to 3');
  });

  it('has the inbox go on without what is missing, on the record', async () => {
    const inbox = await anOrderedInbox();
    await inbox.handle(at(1), at(4), at(5));

    const { code, out } = await inbox.outbox(
      "inbox skip Billing order/42 --reason 'test data' --yes",
    );
    await inbox.handlePutBack();
    await inbox.handle(at(2));

    expect(out).toContain('skip: 1 aggregate');
    expect(code).toBe(0);
    expect(inbox.seen).toEqual([1, 4, 5]);
    const shown = await inbox.outbox('inbox show Billing order/42');
    expect(shown.out).toMatch(/skip .*arn:aws:iam::1:user\/ann +test data/);
    expect((await inbox.outbox('inbox ls')).code).toBe(0);
  });

  it('goes on to a message that is too large to be kept, and comes round the queue', async () => {
    const inbox = await anOrderedInbox();
    const data = { orderId: '42', total: 12, text: 'x'.repeat(420_000) };
    const large = { ...at(3), data };
    await inbox.handle(at(1), large);

    const { out } = await inbox.outbox('inbox skip Billing order/42 --yes');
    await inbox.handle(large);

    expect(out).toContain('skip: 1 aggregate');
    expect(inbox.queues.sent).toEqual([]);
    expect(inbox.seen).toEqual([1, 3]);
    expect((await inbox.outbox('inbox ls')).code).toBe(0);
  });

  it('passes over the next event where that one fails again and again', async () => {
    const inbox = await anOrderedInbox({ failing: [2] });
    await inbox.handle(at(2), at(3));
    await inbox.handle(at(1));

    await inbox.outbox('inbox skip Billing order/42 --yes --json');
    await inbox.handlePutBack();

    expect(inbox.seen).toEqual([1, 3]);
  });

  it('leaves alone what does not wait, and what has no beginning yet', async () => {
    const { handle, outbox } = await anOrderedInbox();
    await handle(at(1), at(57, '7'));

    const { code, out } = await outbox('inbox skip Billing order/42 order/7 --yes');

    expect(out).toContain('Left alone: order/42, nothing of it waits');
    expect(out).toContain('Left alone: order/7, it has no beginning yet: outbox inbox adopt');
    expect(code).toBe(1);
  });

  it('is refused for an inbox that is not ordered', async () => {
    const environment = inboxToEnvironment({
      name: 'Billing',
      tableName: 'inbox',
      dedupeWindowMs: 1,
      deadLetterQueueUrl: queueUrl('Shop-DeadLetters'),
    });
    const functions = [{ name: 'Handler', environment }];

    const { code, notes } = await run('inbox skip Billing order/42', {
      clients: fakeClients(servicesOf({ functions })),
    });

    expect(notes).toContain('inbox Billing is not ordered: it has no gaps');
    expect(code).toBe(2);
  });
});

describe('outbox inbox adopt', () => {
  it('has aggregates begin with what waits of them, and leaves others alone', async () => {
    const inbox = await anOrderedInbox();
    await inbox.handle(at(57, '7'), at(58, '7'), at(1), at(3));

    const { out } = await inbox.outbox('inbox adopt Billing --all --yes --json');
    await inbox.handlePutBack();

    expect(parse(out)).toEqual({
      dryRun: false,
      inbox: 'Shop/Billing',
      found: 1,
      done: 1,
      changed: [],
    });
    expect(inbox.seen).toEqual([1, 57, 58]);
    expect((await inbox.outbox('inbox ls Billing')).out).toMatch(/order\/42 +1 +2 +3/);
  });

  it('asks what is meant', async () => {
    const { outbox } = await anOrderedInbox();

    const { code, notes } = await outbox('inbox adopt Billing');

    expect(notes).toContain('say what to adopt');
    expect(code).toBe(2);
  });

  it('names what is in the middle of its history, and how to go on there', async () => {
    const { handle, outbox } = await anOrderedInbox();
    await handle(at(1), at(3));

    expect((await outbox('inbox adopt Billing order/42 --yes')).out).toContain(
      'Left alone: order/42, it is in the middle of its history: outbox inbox skip',
    );
  });
});
