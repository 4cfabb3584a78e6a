import { describe, expect, it } from 'vitest';

import { concernsOf } from '../../lib/cli/status/status.ts';
import type { StatusFacts } from '../../lib/cli/status/facts.ts';
import { pageOf } from '../../lib/table/keys.ts';
import { someTime } from '../support/entries.ts';
import { refuses } from '../support/world.ts';
import { inboxFunction, outboxFunctions, queueArn, queueUrl } from './support/account.ts';
import { awsError } from './support/clients.ts';
import { createLocalOutbox, parse } from './support/local-outbox.ts';
import { fakeTerminal } from './support/terminal.ts';

const minute = 60_000;

const sweep = {
  id: 'sweep',
  startedAt: someTime - 2000,
  endedAt: someTime - 1000,
  due: 0,
  missed: 0,
  closing: 0,
  pages: 3,
  unsettledMs: 0,
  parked: 0,
  ended: 'done',
} as const;

const well: StatusFacts = {
  outbox: { name: 'Shop/Outbox', table: 'shop' },
  at: someTime,
  inFlight: { entries: 2, oldestPage: pageOf(someTime - minute), pagesRead: 3, pagesLeftOut: 0 },
  waiting: { deferred: 1, retrying: 1, held: 0, parked: 0, discarding: 0 },
  sweeps: [sweep],
  trigger: { status: 'seen', value: { state: 'Enabled', lastResult: 'OK' } },
  queues: { status: 'seen', value: [{ name: 'q', messages: 0, holds: '', command: '' }] },
  inboxes: { status: 'seen', value: [{ name: 'i', mapping: 'Enabled', messages: 9, oldestMs: 0 }] },
};

const whats = (facts: StatusFacts): string[] => concernsOf(facts).map(({ what }) => what);

describe('what needs a person', () => {
  it('is nothing while all is well, entries in flight and retries included', () => {
    expect(concernsOf(well)).toEqual([]);
  });

  it.each<[string, Partial<StatusFacts>, string]>([
    ['parked entries', { waiting: { ...well.waiting, parked: 1 } }, '1 entry is parked'],
    [
      'a missing trigger',
      { trigger: { status: 'seen', value: { state: 'Missing' } } },
      'no trigger',
    ],
    [
      'a disabled trigger',
      { trigger: { status: 'seen', value: { state: 'Disabled' } } },
      'disabled',
    ],
    [
      'a trigger in trouble',
      { trigger: { status: 'seen', value: { state: 'Enabled', lastResult: 'PROBLEM: x' } } },
      'PROBLEM: x',
    ],
    ['a sweeper that never ran', { sweeps: [] }, 'never run'],
    [
      'a sweeper that is quiet',
      { sweeps: [{ ...sweep, endedAt: someTime - 6 * minute }] },
      'not run for 6 min',
    ],
    ['a sweep that failed', { sweeps: [{ ...sweep, ended: 'failed' }] }, 'failed'],
    ['an outage', { sweeps: [{ ...sweep, ended: 'outage' }] }, 'no destination'],
    [
      'unsettled entries',
      { inFlight: { ...well.inFlight, oldestPage: pageOf(someTime - 10 * minute) } },
      'of 10 min ago are not settled',
    ],
    [
      'messages in a queue for what went wrong',
      {
        queues: {
          status: 'seen',
          value: [{ name: 'q', messages: 2, holds: 'dead letters', command: 'look' }],
        },
      },
      '2 messages in q: dead letters',
    ],
    [
      'an inbox whose event source mapping is disabled',
      {
        inboxes: {
          status: 'seen',
          value: [{ name: 'Billing', mapping: 'Disabled', messages: 3, oldestMs: 60 * minute }],
        },
      },
      'inbox Billing: its event source mapping is disabled, 3 messages in its queue, the oldest for 1 h',
    ],
    [
      'an inbox without an event source mapping',
      { inboxes: { status: 'seen', value: [{ name: 'Billing', mapping: 'Missing' }] } },
      'inbox Billing: its event source mapping is missing',
    ],
    [
      'an inbox whose messages wait for more than 15 minutes',
      {
        inboxes: {
          status: 'seen',
          value: [{ name: 'Billing', mapping: 'Enabled', messages: 3, oldestMs: 16 * minute }],
        },
      },
      'inbox Billing: 3 messages in its queue, the oldest for 16 min',
    ],
  ])('is %s', (_, facts, what) => {
    expect(whats({ ...well, ...facts })).toEqual([expect.stringContaining(what)]);
  });

  it('is no sweeper that was deployed a moment ago', () => {
    expect(concernsOf({ ...well, sweeps: [], deployedAt: someTime - minute })).toEqual([]);
    expect(concernsOf({ ...well, sweeps: [], deployedAt: someTime - 6 * minute })).toHaveLength(1);
  });

  it('says of unsettled entries that the relay is catching up, where it says so', () => {
    const facts = {
      ...well,
      inFlight: { ...well.inFlight, oldestPage: pageOf(someTime - 60 * minute) },
      lag: { oldestAt: someTime - 50 * minute, notedAt: someTime },
    };

    expect(whats(facts)).toEqual([expect.stringContaining('50 min behind')]);
  });
});

/** An outbox with everything that belongs to it. */
const everything = (deadLetters: string) => (tableName: string) => ({
  functions: [...outboxFunctions(tableName), inboxFunction('Shop/Inbox')],
  triggers: {
    'Shop-RelayFunction': [
      {
        State: 'Enabled',
        LastProcessingResult: 'OK',
        EventSourceArn: `arn:aws:dynamodb:eu-west-1:1:table/${tableName}/stream/x`,
        DestinationConfig: { OnFailure: { Destination: queueArn('Shop-OnFailure') } },
      },
    ],
    'Shop-Handler': [{ State: 'Enabled', EventSourceArn: queueArn('Shop-Queue') }],
  },
  ages: { 'Shop-Queue': 120 },
  queues: [
    { name: 'Shop-OnFailure' },
    { name: 'Shop-Queue', attributes: { ApproximateNumberOfMessages: '7' } },
    {
      name: 'Shop-DeadLetters',
      attributes: { ApproximateNumberOfMessages: deadLetters },
    },
  ],
});

describe('outbox status', () => {
  it('says that all is well, with exit code 0', async () => {
    const {
      outbox,
      sweep: runSweeper,
      deliver,
    } = await createLocalOutbox({ account: everything('0') });
    await deliver({}, {});
    await runSweeper();

    const { code, out, notes } = await outbox('status');

    expect(out).toContain('Outbox Shop/Outbox');
    expect(out).toMatch(/Shop\/Inbox +7 +2 min +enabled/);
    expect(out).toContain('No action required.');
    expect(notes).toBe('');
    expect(code).toBe(0);
  });

  it('says what needs whom, and what to type, with exit code 1', async () => {
    const world = await createLocalOutbox({ account: everything('3') });
    await world.sweep();
    world.script.decide = refuses('MalformedDetail');
    await world.deliver({}, { type: 'order.shipped' });

    const { code, out } = await world.outbox('status');

    expect(out).toContain('2 entries are parked\n    → outbox ls parked');
    expect(out).toContain('3 messages in Shop-DeadLetters');
    expect(out).toContain('→ outbox inbox ls Shop/Inbox');
    expect(code).toBe(1);
  });

  it('gives scripts the same as JSON', async () => {
    const world = await createLocalOutbox({ account: everything('3') });
    await world.sweep();
    const entry = await world.write();

    const { out } = await world.outbox('status --json');

    expect(parse(out)).toMatchObject({
      outbox: { name: 'Shop/Outbox', table: world.tableName, stack: 'Shop' },
      inFlight: { entries: 1 },
      waiting: { deferred: 0, retrying: 0, held: 0, parked: 0, discarding: 0 },
      sweeps: [{ ended: 'done' }],
      trigger: { status: 'seen', value: { state: 'Enabled', lastResult: 'OK' } },
      queues: {
        status: 'seen',
        value: [
          { name: 'Shop-OnFailure', messages: 0 },
          { name: 'Shop-DeadLetters', messages: 3 },
        ],
      },
      concerns: [{ command: 'outbox inbox ls Shop/Inbox' }],
    });
    expect(out).not.toContain(entry.data);
  });

  it('says what it may not see, with exit code 2', async () => {
    const world = await createLocalOutbox({ account: everything('0') });
    await world.sweep();
    const denied = () => {
      throw awsError(
        'AccessDeniedException',
        'not authorized to perform: lambda:ListEventSourceMappings',
      );
    };
    const { lambda } = world.clients;
    const send = (command: object): unknown =>
      command.constructor.name === 'ListEventSourceMappingsCommand'
        ? denied()
        : lambda.send(command as never);

    const clients = { ...world.clients, lambda: { send: send as never } };
    const { code, out } = await world.outbox('status', { clients });

    expect(out).toContain(
      'unknown: not allowed: not authorized to perform: lambda:ListEventSourceMappings',
    );
    expect(code).toBe(2);
  });

  it('goes on looking until it is told to stop', async () => {
    const world = await createLocalOutbox({ account: everything('0') });
    await world.sweep();
    const stop = new AbortController();
    let looks = 0;
    const clock = {
      now: () => world.clock.now(),
      sleep: (ms: number) => {
        if (++looks === 3) stop.abort();
        return world.clock.sleep(ms);
      },
    };

    const { out } = await world.outbox('status --watch --every 7', {
      clock,
      stop: stop.signal,
      terminal: fakeTerminal([]),
    });

    expect(out.match(/Outbox Shop\/Outbox/g)).toHaveLength(3);
  });

  it('includes the dead-letter queue of a queue destination', async () => {
    const target = queueUrl('warehouse');
    const warehouse = { name: 'queue/Warehouse', kind: 'queue' as const, target, ordered: false };
    const world = await createLocalOutbox({
      account: (tableName) => ({
        functions: outboxFunctions(tableName, { destinations: [warehouse] }),
        queues: [
          {
            name: 'warehouse',
            attributes: {
              RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('warehouse-dead') }),
            },
          },
          { name: 'warehouse-dead', attributes: { ApproximateNumberOfMessagesNotVisible: '4' } },
        ],
      }),
    });

    const { out } = await world.outbox('status --json');

    expect(parse(out)).toMatchObject({
      queues: {
        value: [
          { name: 'warehouse-dead', messages: 4, command: 'outbox redrive-queue warehouse-dead' },
        ],
      },
    });
  });

  it('tells of a destination whose queue is gone, and of everything else too', async () => {
    const target = queueUrl('warehouse');
    const warehouse = { name: 'queue/Warehouse', kind: 'queue' as const, target, ordered: false };
    const world = await createLocalOutbox({
      account: (tableName) => ({
        functions: outboxFunctions(tableName, { destinations: [warehouse] }),
      }),
    });
    await world.sweep();

    const { code, out } = await world.outbox('status');

    expect(out).toMatch(/waiting room +deferred 0/);
    expect(out).toContain('there is no queue warehouse: destination queue/Warehouse');
    expect(code).toBe(1);
  });
});
