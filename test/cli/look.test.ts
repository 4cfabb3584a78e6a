import { beforeAll, describe, expect, it } from 'vitest';

import type { Entry } from '../../lib/table/entry.ts';
import { keyOfWaiting } from '../../lib/table/waiting.ts';
import { referenceOf } from '../../lib/cli/view/waiting.ts';
import { aWaiting, anEntry } from '../support/entries.ts';
import { newId } from '../../lib/core/system.ts';
import { refuses } from '../support/world.ts';
import { createLocalOutbox, parse, type LocalOutbox } from './support/local-outbox.ts';

const secret = '{"card":"4111"}';

/** An outbox with one delivered, two parked, one deferred, and a row that is no valid entry. */
async function aBusyOutbox() {
  const world = await createLocalOutbox();
  const [published] = await world.deliver({ sequence: 1 });
  world.script.decide = refuses('MalformedDetail');
  const [parked] = await world.deliver({ sequence: 2, data: secret, correlationId: 'request-7' });
  const [other] = await world.deliver({ type: 'invoice.created', aggregate: 'invoice/9' });
  const deferred = anEntry({ id: newId(world.clock.now()) });
  const dueAt = world.clock.now() + 3_600_000;
  const key = { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' };
  const invalid = aWaiting({ entry: { key, json: '{"card":"4222"}' }, state: 'parked', dueAt: 1 });
  await world.store.addWaiting([aWaiting({ entry: deferred, state: 'deferred', dueAt }), invalid]);
  return { world, published: published!, parked: parked!, other: other!, deferred, invalid };
}

let busy: Awaited<ReturnType<typeof aBusyOutbox>>;
beforeAll(async () => {
  busy = await aBusyOutbox();
});

const eventsIn = (out: string): string[] =>
  (parse(out)['entries'] as { event: string }[]).map(({ event }) => event);

describe('outbox ls', () => {
  it('shows what waits and why', async () => {
    const { world, parked } = busy;

    const { code, out } = await world.outbox('ls');

    const line = out.split('\n').find((one) => one.startsWith(parked.id));
    expect(line).toMatch(
      /parked +order\.placed +order\/1 +2 +1 +MalformedDetail +parked \d+ s ago/,
    );
    expect(out).toMatch(/deferred .* due in (59 min|1 h)/);
    expect(code).toBe(0);
  });

  it.each<[string, (world: typeof busy) => Entry[]]>([
    ['ls deferred', ({ deferred }) => [deferred]],
    ['ls --type invoice.*', ({ other }) => [other]],
    [
      'ls --type invoice.created --type order.placed parked',
      ({ parked, other }) => [parked, other],
    ],
    ['ls --aggregate order/1', ({ parked }) => [parked]],
    ['ls --error Odd', () => []],
    ['ls --error MalformedDetail --since 1h --type order.*', ({ parked }) => [parked]],
    ['ls --until 1h', () => []],
  ])('%s picks what is asked for', async (command, expected) => {
    const { out } = await busy.world.outbox(`${command} --json`);

    const ids = eventsIn(out).filter((event) => !event.includes('nonsense'));
    expect(ids.toSorted()).toEqual(
      expected(busy)
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  it('says where there are more than it shows', async () => {
    const { world } = busy;

    const { out, notes } = await world.outbox('ls parked --limit 1');

    expect(out.trim().split('\n')).toHaveLength(2);
    expect(notes).toContain('--limit 10');
    expect(parse((await world.outbox('ls --limit 1 --json')).out)).toMatchObject({ isCut: true });
  });

  it('says so where nothing waits', async () => {
    const { out, notes, code } = await busy.world.outbox('ls held');

    expect(out).toBe('');
    expect(notes).toContain('Nothing waits');
    expect(code).toBe(0);
  });

  it('suggests the state that was meant', async () => {
    const { code, notes } = await busy.world.outbox('ls prked');

    expect(notes).toContain('Did you mean parked?');
    expect(code).toBe(2);
  });

  it('keeps what is in the table from moving the cursor', async () => {
    const world = await createLocalOutbox();
    const entry = anEntry({ aggregate: 'order/\u001b[2J' });
    await world.store.addWaiting([aWaiting({ entry, state: 'parked' })]);

    const { out } = await world.outbox('ls');

    expect(out).not.toContain('\u001b');
    expect(out).toContain(String.raw`order/\u001b[2J`);
  });
});

describe('outbox show', () => {
  it('shows an event with its attempts, its receipts and why it waits; its data only when asked', async () => {
    const { world, parked } = busy;

    const { code, out } = await world.outbox(`show ${parked.id}`);
    const withData = await world.outbox(`show ${parked.id} --data`);

    expect(out).toContain(`Event ${parked.id}: waiting`);
    expect(out).toMatch(/correlation +request-7/);
    expect(out).toMatch(/waits +parked/);
    expect(out).toMatch(/attempts +1/);
    expect(out).toMatch(/missing at +bus\/Bus/);
    expect(out).toMatch(/waiting +\d{4}-/);
    expect(out).not.toContain('4111');
    expect(withData.out).toContain('"card": "4111"');
    expect(code).toBe(0);
  });

  it('gives scripts the same as JSON, without the payload', async () => {
    const { world, parked } = busy;

    const { out } = await world.outbox(`show ${parked.id} --json`);
    const withData = await world.outbox(`show ${parked.id} --json --data`);

    expect(parse(out)).toMatchObject({
      status: 'waiting',
      entry: { id: parked.id, sequence: 2 },
      waiting: { state: 'parked', error: { code: 'MalformedDetail' } },
      receipts: [{ outcome: 'waiting' }],
    });
    expect(out).not.toContain('4111');
    expect(parse(withData.out)).toMatchObject({ entry: { data: secret } });
  });

  it('shows what was delivered', async () => {
    const { world, published } = busy;

    const { out } = await world.outbox(`show ${published.id.toUpperCase()}`);

    expect(out).toContain(`Event ${published.id}: published`);
  });

  it('shows an aggregate with its history', async () => {
    const { world, published, parked } = busy;

    const { out } = await world.outbox('show order/1 --since 10m');

    expect(out).toMatch(new RegExp(`${published.id} .* published`));
    expect(out).toMatch(new RegExp(`${parked.id} .* waiting`));
    expect(out).not.toContain('4111');
    expect((await world.outbox('show order/1 --since 10m --data')).out).toContain('4111');
  });

  it('says where to look for an aggregate that did nothing lately', async () => {
    const { out } = await busy.world.outbox('show order/none --since 2m');

    expect(out).toContain('--since looks further back');
  });

  it('shows a row that is no valid entry by where it lay', async () => {
    const { world, invalid } = busy;
    const name = referenceOf({ key: keyOfWaiting(invalid.entry) });
    expect((await world.outbox('ls parked')).out).toContain(name);

    const { code, out } = await world.outbox(`show ${name}`);

    expect(out).toMatch(/waits +parked/);
    expect(out).not.toContain('4222');
    expect((await world.outbox(`show ${name} --data`)).out).toContain('4222');
    expect(code).toBe(0);
  });

  it('says so where it finds nothing', async () => {
    const { world } = busy;

    const event = await world.outbox('show 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00');
    const row = await world.outbox('show 2026-11-21T04:37#01/e#x');
    const nonsense = await world.outbox('show 42');

    expect(event).toMatchObject({ code: 2, out: '' });
    expect(event.notes).toContain('entries are kept for 14 d');
    expect(row).toMatchObject({ code: 2, out: '' });
    expect(nonsense.notes).toContain('neither an event id (a UUIDv7) nor an aggregate');
    expect(nonsense.code).toBe(2);
  });
});

describe('outbox tail', () => {
  const stopAfter = (world: LocalOutbox, looks: number) => {
    const stop = new AbortController();
    let slept = 0;
    const clock = {
      now: () => world.clock.now(),
      sleep: (ms: number) => {
        if (++slept === looks) stop.abort();
        return world.clock.sleep(ms);
      },
    };
    return { clock, stop: stop.signal };
  };

  it('shows events as they are written and delivered', async () => {
    const world = await createLocalOutbox();
    const [entry] = await world.deliver({ sequence: 7 });

    const { out, code } = await world.outbox('tail --since 1m', stopAfter(world, 2));

    const [written, published, ...others] = out.trim().split('\n');
    expect(written).toContain(`written    ${entry!.id}  order.placed  order/1 #7`);
    expect(published).toContain(`published  ${entry!.id}`);
    expect(others).toEqual([]);
    expect(code).toBe(0);
  });

  it('gives scripts a JSON document a line', async () => {
    const world = await createLocalOutbox();
    await world.deliver({});

    const { out } = await world.outbox('tail --since 1m --json', stopAfter(world, 1));

    expect(out.trim().split('\n').map(parse)).toMatchObject([
      { what: 'written', type: 'order.placed' },
      { what: 'published', aggregate: 'order/1' },
    ]);
  });
});
