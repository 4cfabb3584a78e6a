import { describe, expect, it } from 'vitest';

import { stateOf } from '../../lib/cli/view/waiting.ts';
import { keyOfWaiting } from '../../lib/table/waiting.ts';
import { changeEach, discardEntries, type ChangedRow } from '../../lib/operate/change.ts';
import { createPace } from '../../lib/core/concurrency.ts';
import { select, type Selection } from '../../lib/operate/selection.ts';
import { aWaiting, anEntry } from '../support/entries.ts';
import { accepts, refuses } from '../support/world.ts';
import { collect, createOperateWorld, operator } from './support.ts';

type World = ReturnType<typeof createOperateWorld>;

async function discardAll(
  { store, ports, clock }: World,
  { notice = true, ...selection }: Selection & { notice?: boolean } = {},
): Promise<ChangedRow[]> {
  const rows = await collect(select(store, selection));
  const change = discardEntries({ ...operator, notice }, ports);
  return collect(changeEach(rows, change, { store, pace: createPace(1000, clock) }));
}

function skipped(json: string): boolean {
  return (JSON.parse(json) as { skipped?: true }).skipped === true;
}

describe('discarding an entry without a sequence', () => {
  it('takes it out at once, with a receipt and on the record', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({});

    const changed = await discardAll(world);

    expect(changed).toMatchObject([{ status: 'done' }]);
    expect(await world.waitingOf(entry!)).toBeUndefined();
    const receipts = await world.store.readReceipts('2026-11-21T04:37');
    expect(receipts.map(({ outcome }) => outcome).toSorted()).toEqual(['discarded', 'waiting']);
    expect(await world.store.readAudit({ eventId: entry!.id })).toMatchObject([
      { action: 'discard', ...operator },
    ]);
  });

  it('delivers nothing of it', async () => {
    const world = createOperateWorld();
    world.script.decide = refuses('MalformedDetail');
    await world.deliver({});
    world.script.decide = accepts;

    await discardAll(world);
    await world.sweep();

    expect(world.destination.arrived).toEqual([]);
  });

  it('writes one that was deferred to its page, where it can be shown', async () => {
    const world = createOperateWorld();
    const entry = anEntry();
    await world.store.addWaiting([
      aWaiting({ entry, state: 'deferred', dueAt: world.clock.now() + 1_000_000 }),
    ]);

    await discardAll(world);

    expect(await world.store.findInPage(entry.id)).toEqual(entry);
  });
});

describe('discarding a row that is no valid entry', () => {
  it('takes it out, and says in its page that it is settled', async () => {
    const world = createOperateWorld();
    const key = { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' };
    const waiting = aWaiting({ entry: { key, json: '{}' }, state: 'parked' });
    await world.store.addWaiting([waiting]);

    await discardAll(world);

    expect(await world.store.getWaiting(keyOfWaiting(waiting.entry))).toBeUndefined();
    expect(await world.store.readReceipts('2026-11-21T04:37')).toMatchObject([
      { outcome: 'discarded', invalidRows: ['e#nonsense'] },
    ]);
  });

  it('takes out also what lay in no page, of which no receipt can speak', async () => {
    const world = createOperateWorld();
    const key = { pk: 'nowhere', sk: 'e#nonsense' };
    await world.store.addWaiting([aWaiting({ entry: { key, json: '{}' }, state: 'parked' })]);

    const changed = await discardAll(world);

    expect(changed).toMatchObject([{ status: 'done' }]);
    expect(await collect(select(world.store, {}))).toEqual([]);
  });
});

describe('discarding an entry with a sequence', () => {
  it('delivers a skip notice in its place, and then takes it out on the record', async () => {
    const world = createOperateWorld({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({ sequence: 1 });
    const notices: boolean[] = [];
    world.script.decide = (outgoing) => {
      notices.push(skipped(outgoing.json));
      return accepts(outgoing);
    };

    await discardAll(world);
    expect(await world.waitingOf(entry!)).toMatchObject({ discard: operator });
    await world.sweep();

    expect(notices).toEqual([true]);
    expect(world.destination.arrived).toEqual([entry!.id]);
    expect(await world.waitingOf(entry!)).toBeUndefined();
    expect(await world.store.readAudit({ eventId: entry!.id })).toMatchObject([
      { action: 'discard', ...operator },
    ]);
  });

  it('says in the waiting room that it is being discarded, and ends without its destination', async () => {
    const world = createOperateWorld({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({ sequence: 1 });

    await discardAll(world);
    await world.sweep();

    const [row] = await collect(select(world.store, {}));
    expect(row).toMatchObject({ id: entry!.id, discard: operator });
    expect(stateOf(row!)).toBe('discarding');
    await discardAll(world, { notice: false });
    expect(await collect(select(world.store, {}))).toEqual([]);
    expect(await world.store.heldAggregates(['order/1'])).toEqual(new Set());
  });

  it('lets those behind it go, in sequence and whole', async () => {
    const world = createOperateWorld({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [first] = await world.deliver({ sequence: 1 });
    const rest = await world.deliver({ sequence: 2 }, { sequence: 3 });
    world.script.decide = accepts;

    await discardAll(world, { states: ['parked'] });
    await world.sweep();

    expect(world.destination.arrived).toEqual([first!.id, ...rest.map(({ id }) => id)]);
    expect(await world.store.heldAggregates(['order/1'])).toEqual(new Set());
  });

  it('keeps its turn where an earlier one waits', async () => {
    const world = createOperateWorld({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [first] = await world.deliver({ sequence: 1 });
    const [second] = await world.deliver({ sequence: 2 });
    world.script.decide = accepts;

    await discardAll(world, { states: ['held'] });
    await world.sweep();
    expect(world.destination.arrived).toEqual([]);
    await discardAll(world, { states: ['parked'] });
    await world.sweep();

    expect(world.destination.arrived).toEqual([first!.id, second!.id]);
  });

  it('remembers of a deferred one that it lies in no page', async () => {
    const world = createOperateWorld();
    const entry = anEntry({ sequence: 1 });
    await world.store.addWaiting([
      aWaiting({ entry, state: 'deferred', dueAt: world.clock.now() + 1_000_000 }),
    ]);

    await discardAll(world);
    await world.sweep();

    expect(await world.store.findInPage(entry.id)).toEqual(entry);
  });

  it('tells nobody where nobody is to be told', async () => {
    const world = createOperateWorld({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({ sequence: 1 });
    world.script.decide = accepts;

    await discardAll(world, { notice: false });
    await world.sweep();

    expect(world.destination.arrived).toEqual([]);
    expect(await world.waitingOf(entry!)).toBeUndefined();
    expect(await world.store.heldAggregates(['order/1'])).toEqual(new Set());
  });
});
