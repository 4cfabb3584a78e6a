import { beforeAll, describe, expect, it } from 'vitest';

import { commands } from '../../lib/cli/program.ts';
import { renderStatus } from '../../lib/cli/status/status.ts';
import { renderFacts, renderTable, wrapText } from '../../lib/cli/view/table.ts';
import { toMessageJson } from '../../lib/table/message.ts';
import { anEntry, aWaiting, someTime } from '../support/entries.ts';
import { refuses } from '../support/world.ts';
import { inboxFunction, outboxFunctions, queueArn, servicesOf } from './support/account.ts';
import { fakeClients } from './support/clients.ts';
import { fakeQueues } from './support/fake-queue.ts';
import { createLocalOutbox, type LocalOutbox } from './support/local-outbox.ts';
import { run } from './support/run.ts';
import { fakeTerminal } from './support/terminal.ts';

const columns = 80;
/** Commands and identifiers are to be copied: they stay whole. */
const isCopied = (line: string): boolean => /^\s*(→ )?(.*: )?(aws|outbox) |^\s*\S+$/.test(line);
const tooWide = (out: string): string[] =>
  out.split('\n').filter((line) => line.length > columns && !isCopied(line));

describe('renderTable', () => {
  const head = ['event', 'reason', 'entries'];
  const id = '0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00';

  it('draws one line a row where no width is given', () => {
    const out = renderTable(head, [[id, 'a reason of many words '.repeat(8).trim(), 3]]);

    expect(out.split('\n')).toHaveLength(2);
  });

  it('wraps texts between words where the table is too wide, and breaks no id', () => {
    const out = renderTable(head, [[id, 'a reason of rather many words that go on', 3]], 72);

    expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(72);
    expect(out).toContain(id);
    expect(out.split('\n').length).toBeGreaterThan(2);
    expect(out).toMatch(/^event +reason +entries/);
  });

  it('draws records where wrapping does not help, empty cells left out', () => {
    const rows = [
      [id, id, 'order.placed'],
      [id, '', 'x'],
    ];

    expect(renderTable(['message', 'event', 'type'], rows, 60)).toBe(
      `${id}\n  event ${id} · type order.placed\n${id}\n  type x`.replace(
        ' · type order',
        '\n  type order',
      ),
    );
  });

  it('measures wide characters as a terminal shows them', () => {
    const out = renderTable(['a', 'b'], [['注文'.repeat(10), '注文 '.repeat(12).trim()]], 70);

    expect(out.split('\n').length).toBeGreaterThan(2);
  });
});

describe('renderFacts', () => {
  it('wraps a value below itself', () => {
    const out = renderFacts([['reason', 'a reason of rather many words that go on'.repeat(2)]], 40);

    expect(out.split('\n').every((line) => line.length <= 40)).toBe(true);
    expect(
      out
        .split('\n')
        .slice(1)
        .every((line) => line.startsWith('     ')),
    ).toBe(true);
  });
});

describe('wrapText', () => {
  it('leaves a word whole that is wider than the terminal', () => {
    expect(wrapText(`see ${'x'.repeat(50)} there`, 40)).toBe(`see\n${'x'.repeat(50)}\nthere`);
  });
});

describe('the help', () => {
  it.each(['', 'inbox', 'saga', 'schema', ...commands.map(({ name }) => name)])(
    'of outbox %s fits 80 columns',
    async (name) => {
      const { out } = await run(`${name} --help`, { terminal: fakeTerminal(undefined, columns) });

      expect(tooWide(out)).toEqual([]);
      expect(out).toContain('Usage: outbox');
    },
  );
});

const longName = 'Shop-BillingUndeliveredQueue1A2B3C4D-5e6fGhIjKlMn';

async function aBusyOutbox() {
  const world = await createLocalOutbox({
    account: (tableName) => ({
      functions: [...outboxFunctions(tableName), inboxFunction('Shop/Services/Billing/Inbox')],
      queues: [
        { name: 'Shop-DeadLetters', attributes: { ApproximateNumberOfMessages: '3' } },
        {
          name: longName,
          attributes: { ApproximateNumberOfMessages: '2' },
          stack: 'Shop',
          path: 'Shop/Services/Billing/UndeliveredQueue',
        },
      ],
    }),
  });
  world.script.decide = refuses('MalformedDetail');
  await world.deliver({}, { type: 'fulfilment.order.shipped' });
  const key = { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' };
  await world.store.addWaiting([aWaiting({ entry: { key, json: '{}' }, state: 'parked' })]);
  return world;
}

describe('renderStatus', () => {
  it('draws the last sweeps within 80 columns', () => {
    const sweep = {
      id: 'sweep',
      startedAt: someTime - 120_000,
      endedAt: someTime - 60_000,
      due: 1000,
      missed: 1000,
      closing: 1000,
      pages: 1440,
      unsettledMs: 0,
      parked: 0,
      ended: 'out of time',
    } as const;
    const out = renderStatus(
      {
        outbox: { name: 'Shop/Outbox', table: 'Shop-OutboxTable1A2B3C4D-5e6fGhIjKlMn' },
        at: someTime,
        inFlight: { entries: 2, pagesRead: 3, pagesLeftOut: 0 },
        waiting: { deferred: 1, retrying: 1, held: 0, parked: 0, discarding: 0 },
        sweeps: [sweep, sweep],
        trigger: { status: 'seen', value: { state: 'Enabled', lastResult: 'OK' } },
        queues: { status: 'seen', value: [] },
        inboxes: { status: 'seen', value: [] },
      },
      [],
      columns,
    );

    expect(out).toMatch(/started +took +due +missed +closing +pages +ended\n/);
    expect(out).toMatch(/2 min ago +60000 ms +1000 +1000 +1000 +1440 +out of time\n/);
    expect(tooWide(out)).toEqual([]);
  });
});

describe('a terminal of 80 columns', () => {
  let world: LocalOutbox;
  beforeAll(async () => {
    world = await aBusyOutbox();
  });

  it.each(['ls', 'status', 'show order/1', 'redrive --all', 'discard parked --reason x', 'doctor'])(
    'is not exceeded by %s',
    async (command) => {
      const { out } = await world.outbox(command, { terminal: fakeTerminal([], columns) });

      expect(out).not.toBe('');
      expect(tooWide(out)).toEqual([]);
    },
  );

  it.each(['inbox ls', 'inbox ls Inbox', 'inbox show Inbox m-1', 'inbox redrive Inbox --all'])(
    'is not exceeded by %s',
    async (command) => {
      const message = {
        id: 'm-1',
        body: toMessageJson(anEntry(), 'orders'),
        attributes: {
          outboxErrorCode: 'HANDLER_REJECTED',
          outboxErrorMessage: 'a detail of words '.repeat(9),
        },
      };
      const queues = fakeQueues({ 'Shop-DeadLetters': [message], 'Shop-Queue': [] });
      const account = {
        functions: [inboxFunction('Shop/Services/Billing/Inbox')],
        triggers: { 'Shop-Handler': [{ EventSourceArn: queueArn('Shop-Queue') }] },
      };
      const clients = fakeClients({ ...servicesOf(account), sqs: queues.answers });

      const { out } = await run(command, { clients, terminal: fakeTerminal([], columns) });

      expect(out).not.toBe('');
      expect(tooWide(out)).toEqual([]);
    },
  );
});
