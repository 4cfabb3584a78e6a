import type { Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';

import { auditToRows } from '../../lib/table/audit.ts';
import { entryToRow, deferredEntryToRow, type Row } from '../../lib/table/entry.ts';
import { gapToRow, cursorToRow } from '../../lib/table/ordered.ts';
import { markerToRow } from '../../lib/table/inbox.ts';
import { counterKey, holdKey, metaKey } from '../../lib/table/keys.ts';
import { lateToRow } from '../../lib/table/archive.ts';
import { receiptToRow } from '../../lib/table/receipt.ts';
import { sagaKey } from '../../lib/table/saga.ts';
import { waitingToRow } from '../../lib/table/waiting.ts';
import { Destination, Inbox, Outbox, Reconciliation, Saga } from '../../lib/index.ts';
import { defineEvent, type Transactor } from '../../lib/runtime.ts';
import { createMemoryTransactor, createVirtualClock } from '../../lib/testing.ts';
import { newId } from '../../lib/core/system.ts';
import { openOutbox } from '../../lib/outbox/outbox.ts';
import { requestOf } from '../../lib/dynamodb/actions.ts';
import { allows, type TableCall } from '../support/iam.ts';
import { testStack, userFunction } from './support.ts';

const now = Date.UTC(2026, 10, 21, 4, 37);
const shards = 4;
const expiresAt = now / 1000;
const page = '2026-11-21T04:37';
const id = newId(now);
const entry = { id, type: 'order.placed', version: 1, aggregate: 'order/42', data: '{}' };
const inOrder = { ...entry, sequence: 7 };
const waiting = { state: 'deferred', dueAt: now, attempts: 0, blocksLane: false } as const;
const note = { id, action: 'discard', at: now, by: 'me', reason: 'a test', eventId: id } as const;
const receipt = { id, page, outcome: 'published', time: now, eventIds: [id], expiresAt } as const;
const place = { inbox: 'billing', aggregate: 'order/42' };

/** Rows as the package writes them, by what they are. */
const rows = {
  entry: entryToRow(entry, { shards, retentionMs: 1 }),
  'deferred entry in its page': deferredEntryToRow(entry, { shards, expiresAt }),
  receipt: receiptToRow(receipt, shards),
  'waiting event': waitingToRow({ entry, ...waiting }),
  'waiting event of an aggregate in sequence': waitingToRow({ entry: inOrder, ...waiting }),
  'count of holds': { ...holdKey('order/42') },
  counter: { ...counterKey('order/42'), value: 1 },
  'record of an operator': auditToRows(note)[0]!,
  lease: { ...metaKey(`lease#${page}`) },
  'note of a replay': { ...metaKey('replay#night') },
  'late entry': lateToRow({ entry, outcome: 'published', outcomeAt: now, expiresAt }),
  marker: markerToRow({ inbox: 'billing', eventId: id }, { now, dedupeWindowMs: 1 }),
  'marker of another inbox': markerToRow(
    { inbox: 'billings', eventId: id },
    { now, dedupeWindowMs: 1 },
  ),
  cursor: cursorToRow(place, { version: 1 }),
  gap: gapToRow(place, '1#2'),
  saga: { ...sagaKey({ saga: 'fulfilment', key: '42' }) },
  'saga of another definition': { ...sagaKey({ saga: 'fulfilments', key: '42' }) },
} satisfies Record<string, Row>;

type Kind = keyof typeof rows;

function callOf(action: string, kind: Kind): TableCall {
  const row: Row = rows[kind];
  const isPut = action === 'PutItem';
  return { action, pk: String(row['pk']), attributes: isPut ? Object.keys(row) : ['pk', 'sk'] };
}

/** The app of all examples: one grantee of each kind. */
const stack = shop(testStack());

function shop(on: Stack): Stack {
  const bus = new EventBus(on, 'Bus');
  const destination = Destination.eventBus(bus);
  const outbox = new Outbox(on, 'Outbox', { source: 'orders', destination });
  outbox.grantWrite(userFunction(on, 'Writer'));
  const assumedBy = new ServicePrincipal('ec2.amazonaws.com');
  outbox.grantOperate(new Role(on, 'Operator', { assumedBy }));
  const inbox = { from: bus, events: ['*'] };
  new Inbox(on, 'Billing', {
    ...{ ...inbox, inboxName: 'billing', table: outbox.table },
    handler: userFunction(on, 'Handler'),
  });
  new Inbox(on, 'Ledger', {
    ...{ ...inbox, inboxName: 'billing', ordered: true },
    handler: userFunction(on, 'Sequencer'),
  });
  new Saga(on, 'Fulfilment', {
    ...{ ...inbox, sagaName: 'fulfilment', outbox, inboxName: 'billing' },
    handler: userFunction(on, 'Process'),
  });
  new Reconciliation(on, 'Check', {
    outbox,
    mode: 'repair',
    handler: userFunction(on, 'Repairer'),
  });
  return on;
}

const refusedToWriters: [action: string, kind: Kind][] = [
  ['PutItem', 'receipt'],
  ['PutItem', 'record of an operator'],
  ['PutItem', 'lease'],
  ['PutItem', 'count of holds'],
  ['PutItem', 'waiting event of an aggregate in sequence'],
  ['PutItem', 'counter'],
  ['PutItem', 'late entry'],
  ['UpdateItem', 'entry'],
  ['UpdateItem', 'receipt'],
  ['UpdateItem', 'waiting event'],
  ['UpdateItem', 'record of an operator'],
  ['UpdateItem', 'lease'],
  ['DeleteItem', 'entry'],
  ['DeleteItem', 'receipt'],
  ['DeleteItem', 'waiting event of an aggregate in sequence'],
  ['DeleteItem', 'counter'],
  ['DeleteItem', 'record of an operator'],
  ['DeleteItem', 'lease'],
  ['BatchWriteItem', 'entry'],
];

describe('a writer', () => {
  it('may do all that writing, deferring and cancelling events takes', async () => {
    const calls = await callsOfAWriter();

    expect(calls.map(({ action }) => action).toSorted()).toEqual([
      ...['DeleteItem', 'GetItem', 'GetItem', 'GetItem', 'PutItem', 'PutItem', 'PutItem'],
      ...['PutItem', 'PutItem'],
      'UpdateItem',
    ]);
    expect(calls.filter((call) => !allows(stack, 'Writer', call))).toEqual([]);
  });

  it.each(refusedToWriters)('may not %s a %s', (action, kind) => {
    expect(allows(stack, 'Writer', callOf(action, kind))).toBe(false);
  });
});

describe('an operator', () => {
  it.each<[action: string, kind: Kind]>([
    ['PutItem', 'receipt'],
    ['PutItem', 'deferred entry in its page'],
    ['PutItem', 'record of an operator'],
    ['PutItem', 'waiting event'],
    ['PutItem', 'waiting event of an aggregate in sequence'],
    ['PutItem', 'note of a replay'],
    ['PutItem', 'late entry'],
    ['UpdateItem', 'waiting event'],
    ['UpdateItem', 'count of holds'],
    ['DeleteItem', 'waiting event'],
    ['DeleteItem', 'waiting event of an aggregate in sequence'],
    ['GetItem', 'record of an operator'],
    ['BatchGetItem', 'receipt'],
    ['Query', 'entry'],
  ])('may %s a %s', (action, kind) => {
    expect(allows(stack, 'Operator', callOf(action, kind))).toBe(true);
  });

  it.each<[action: string, kind: Kind]>([
    ['DeleteItem', 'record of an operator'],
    ['UpdateItem', 'record of an operator'],
    ['BatchWriteItem', 'record of an operator'],
    ['DeleteItem', 'receipt'],
    ['UpdateItem', 'receipt'],
    ['DeleteItem', 'entry'],
    ['DeleteItem', 'counter'],
    ['PutItem', 'counter'],
    ['DeleteItem', 'lease'],
  ])('may not %s a %s', (action, kind) => {
    expect(allows(stack, 'Operator', callOf(action, kind))).toBe(false);
  });
});

describe('the handler of an inbox that shares the table of the outbox', () => {
  it.each<[action: string, kind: Kind, isAllowed: boolean]>([
    ['PutItem', 'marker', true],
    ['GetItem', 'marker', true],
    ['PutItem', 'marker of another inbox', false],
    ['GetItem', 'entry', false],
    ['PutItem', 'receipt', false],
    ['PutItem', 'record of an operator', false],
    ['PutItem', 'lease', false],
    ['DeleteItem', 'marker', false],
  ])('%s of a %s: allowed is %s', (action, kind, isAllowed) => {
    expect(allows(stack, 'Handler', callOf(action, kind))).toBe(isAllowed);
  });
});

describe('the functions of an ordered inbox', () => {
  it.each<[fn: string, action: string, kind: Kind]>([
    ['Sequencer', 'PutItem', 'cursor'],
    ['Sequencer', 'DeleteItem', 'gap'],
    ['LedgerGaps', 'Query', 'gap'],
    ['LedgerGaps', 'PutItem', 'cursor'],
  ])('%s may %s a %s', (fn, action, kind) => {
    expect(allows(stack, fn, callOf(action, kind))).toBe(true);
  });

  it.each(['Sequencer', 'LedgerGaps'])('%s may not touch the rows of another inbox', (fn) => {
    expect(allows(stack, fn, callOf('PutItem', 'marker of another inbox'))).toBe(false);
  });
});

describe('the handler of a saga', () => {
  it.each<[action: string, kind: Kind, isAllowed: boolean]>([
    ['GetItem', 'saga', true],
    ['PutItem', 'saga', true],
    ['PutItem', 'marker', true],
    ['PutItem', 'saga of another definition', false],
  ])('%s of a %s: allowed is %s', (action, kind, isAllowed) => {
    expect(allows(stack, 'Process', callOf(action, kind))).toBe(isAllowed);
  });
});

describe('a reconciliation that writes', () => {
  it.each<[action: string, kind: Kind, isAllowed: boolean]>([
    ['PutItem', 'lease', true],
    ['PutItem', 'entry', true],
    ['PutItem', 'receipt', false],
    ['PutItem', 'record of an operator', false],
  ])('%s of a %s: allowed is %s', (action, kind, isAllowed) => {
    expect(allows(stack, 'Repairer', callOf(action, kind))).toBe(isAllowed);
  });
});

describe('the name of an inbox', () => {
  it.each([
    ['with characters that IAM reads more into', 'a*b?c${d}', 'axbyc${d}'],
    ['with characters that a policy does not take', 'Büro/日本', undefined],
  ])('%s is matched as it is', (_, inboxName, other) => {
    const on = testStack();
    new Inbox(on, 'Billing', { inboxName, handler: userFunction(on, 'Handler') });

    const put = (inbox: string): TableCall => ({ action: 'PutItem', pk: `h#${inbox}#${id}` });
    expect(allows(on, 'Handler', put(inboxName))).toBe(true);
    if (other !== undefined) expect(allows(on, 'Handler', put(other))).toBe(false);
  });
});

/** What a writer asks of DynamoDB when it writes, defers, cancels, and writes again what has come due. */
async function callsOfAWriter(): Promise<TableCall[]> {
  const database = createMemoryTransactor({ outbox: ['pk', 'sk'] });
  const calls: TableCall[] = [];
  const record = (action: string, key: Row, attributes: readonly string[]): void => {
    calls.push({ action, pk: String(key['pk']), attributes });
  };
  const transactor: Transactor = {
    ...database,
    get: (tableName, key) => {
      record('GetItem', key, Object.keys(key));
      return database.get(tableName, key);
    },
    transact: (actions, token) => {
      for (const action of actions) {
        const { Item, Key = Item ?? {} } = requestOf(action);
        record(`${Object.keys(action)[0] ?? ''}Item`, Key, ['pk', ...Object.keys(Item ?? Key)]);
      }
      return database.transact(actions, token);
    },
  };
  const clock = createVirtualClock(now);
  const outbox = openOutbox(
    { tableName: 'outbox', shards, retentionMs: 1000, accepts: [{ maxMessageBytes: 1 << 20 }] },
    { transactor, clock },
  );
  const Placed = defineEvent('order.placed', {
    version: 1,
    aggregateType: 'order',
    schema: z.object({}),
  });
  const due = now + 60_000;
  const deferred = Placed('1', {}, { id: newId(due), deliverAt: new Date(due) });
  const cancelled = Placed('2', {}, { id: newId(due), deliverAt: new Date(due) });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await outbox.write({
    events: [Placed('42', {}, { sequence: 'next', id: newId(now) }), deferred, cancelled],
    context: {
      ...{ correlationId: 'c', causationId: 'd', tenant: 't' },
      ...{ traceparent, tracestate: 'vendor=1' },
    },
  });
  await outbox.write({ events: [], cancel: [cancelled.id] });
  clock.advance(120_000);
  // It waits no more, so that both places are looked at; and it is written to its page.
  const again = Placed('3', {}, { id: newId(due), deliverAt: new Date(due) });
  await outbox.prepare([again]);
  // Its id is two minutes old: the sweeper is told of its page.
  await outbox.write({ events: [Placed('4', {}, { id: newId(now) })] });
  return calls;
}
