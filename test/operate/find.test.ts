import { describe, expect, it } from 'vitest';

import { findAggregate } from '../../lib/operate/find-aggregate.ts';
import { findEvent, readReference } from '../../lib/operate/find-event.ts';
import { redriveEntries } from '../../lib/operate/change.ts';
import { newId } from '../../lib/core/system.ts';
import { aWaiting, anEntry, someTime } from '../support/entries.ts';
import { accepts, refuses } from '../support/world.ts';
import { createOperateWorld, hour, minute, operator, shards } from './support.ts';

describe('the trail of an event', () => {
  it('says that it is in flight until there is a receipt', async () => {
    const { store, clock, write, relay } = createOperateWorld();
    const entry = await write();

    const before = await findEvent(entry.id, store, clock.now());
    await relay([entry]);
    const after = await findEvent(entry.id, store, clock.now());

    expect(before).toMatchObject({ status: 'in flight', entry, receipts: [] });
    expect(after).toMatchObject({ status: 'published', receipts: [{ outcome: 'published' }] });
  });

  it('has the waiting row, the receipts and what people did', async () => {
    const world = createOperateWorld();
    const { store, clock, ports } = world;
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({ sequence: 4 });
    const waiting = await world.waitingOf(entry!);
    await redriveEntries(operator, [], ports)(waiting!);

    expect(await findEvent(entry!.id, store, clock.now())).toMatchObject({
      status: 'waiting',
      entry,
      waiting: { state: 'retrying', error: { code: 'MalformedDetail' } },
      receipts: [{ outcome: 'waiting' }],
      audit: [{ action: 'redrive', ...operator }],
    });
  });

  it('says that it was published after having waited', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({});
    world.script.decide = accepts;
    await redriveEntries(operator, [], world.ports)((await world.waitingOf(entry!))!);
    world.clock.advance(1);
    await world.sweep();

    const { status, receipts } = await findEvent(entry!.id, world.store, world.clock.now());

    expect(status).toBe('published');
    expect(receipts.map(({ outcome }) => outcome)).toEqual(['waiting', 'published']);
  });

  it('finds it waiting after its page has expired, with a sequence or without', async () => {
    const { store, clock } = createOperateWorld();
    const [plain, ordered] = [anEntry(), anEntry({ sequence: 1 })];
    await store.addWaiting([plain, ordered].map((entry) => aWaiting({ entry, state: 'parked' })));

    expect(await findEvent(plain.id, store, clock.now())).toMatchObject({
      status: 'waiting',
      entry: plain,
    });
    expect(await findEvent(ordered.id, store, clock.now())).toMatchObject({
      status: 'waiting',
      entry: ordered,
    });
  });

  it('takes an old one without a receipt for settled: receipts may expire before it', async () => {
    const { store, clock, write } = createOperateWorld();
    const entry = await write();

    clock.advance(26 * hour);

    expect(await findEvent(entry.id, store, clock.now())).toMatchObject({ status: 'settled' });
  });

  it('shows what lies in its place and is no valid entry, and that this waits', async () => {
    const { store, clock, write } = createOperateWorld();
    const entry = await write();
    const row = store.table.rows().find(({ id }) => id === entry.id)!;
    store.table.put({ ...row, data: 'no JSON' });
    const key = { pk: String(row['pk']), sk: String(row['sk']) };
    await store.addWaiting([aWaiting({ entry: { key, json: '{}' }, state: 'parked' })]);

    expect(await findEvent(entry.id, store, clock.now())).toMatchObject({
      status: 'waiting',
      invalid: { key },
      waiting: { state: 'parked' },
    });
  });

  it('knows nothing of what was never written', async () => {
    const { store, clock } = createOperateWorld();

    const trail = await findEvent(newId(someTime), store, clock.now());

    expect(trail).toMatchObject({ status: 'unknown', receipts: [], audit: [] });
  });
});

describe('the trail of an aggregate', () => {
  it('is its history with what became of each, and what waits', async () => {
    const world = createOperateWorld({ ordered: true });
    const [first] = await world.deliver({ sequence: 1 });
    world.clock.advance(minute);
    world.script.decide = refuses('MalformedDetail');
    const [second] = await world.deliver({ sequence: 2 });
    await world.deliver({ aggregate: 'order/2' });
    const [unordered] = await world.deliver({});
    const until = world.clock.now() + 1;

    const trail = await findAggregate('order/1', world.store, {
      since: someTime,
      until,
      shardCounts: [shards],
    });

    expect(trail.history).toEqual([
      { entry: first, outcome: 'published' },
      { entry: second, outcome: 'waiting' },
      { entry: unordered, outcome: 'waiting' },
    ]);
    expect(trail.waiting.map(({ entry }) => entry)).toEqual([second, unordered]);
  });

  it('leaves out what was written before', async () => {
    const { store, clock, deliver } = createOperateWorld();
    await deliver({});
    clock.advance(2 * minute);
    const [late] = await deliver({});

    const range = { since: clock.now() - minute, until: clock.now() + 1, shardCounts: [shards] };
    const { history } = await findAggregate('order/1', store, range);

    expect(history.map(({ entry }) => entry)).toEqual([late]);
  });
});

describe('what a person names', () => {
  const id = newId(someTime);

  it.each([
    [id, { kind: 'event', eventId: id }],
    [` ${id.toUpperCase()} `, { kind: 'event', eventId: id }],
    ['order/42', { kind: 'aggregate', aggregate: 'order/42' }],
    ['order/a/b', { kind: 'aggregate', aggregate: 'order/a/b' }],
    ['2026-11-21T04:37#03/e#x/y', { kind: 'row', key: { pk: '2026-11-21T04:37#03', sk: 'e#x/y' } }],
    ['order', undefined],
    ['/42', undefined],
    ['order/', undefined],
    ['', undefined],
  ])('%s is read as %o', (text, reference) => {
    expect(readReference(text)).toEqual(reference);
  });
});
