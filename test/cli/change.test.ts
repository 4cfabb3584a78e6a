import { describe, expect, it } from 'vitest';

import { aWaiting, anEntry } from '../support/entries.ts';
import { accepts, refuses } from '../support/world.ts';
import { awsError } from './support/clients.ts';
import { createLocalOutbox, parse } from './support/local-outbox.ts';
import { fakeTerminal } from './support/terminal.ts';

/** An outbox with so many parked entries, whose destination works again. */
async function withParked(count: number, ordered = false) {
  const world = await createLocalOutbox({ ordered });
  world.script.decide = refuses('MalformedDetail');
  const entries = await world.deliver(
    ...Array.from({ length: count }, (_, index) => ({ aggregate: `order/${index}` })),
  );
  world.script.decide = accepts;
  return { world, entries };
}

describe('outbox redrive', () => {
  it('first shows what it would do, and does nothing', async () => {
    const { world, entries } = await withParked(2);

    const { code, out, notes } = await world.outbox('redrive --all');
    await world.sweep();

    expect(out).toContain(entries[0]!.id);
    expect(notes).toContain('Add --yes to do it');
    expect(world.destination.arrived).toEqual([]);
    expect(code).toBe(0);
  });

  it('does it with --yes, on the record, and the sweeper delivers', async () => {
    const { world, entries } = await withParked(2);

    const { code, out } = await world.outbox("redrive --all --yes --reason 'fixed the bus'");
    await world.sweep();

    expect(out).toContain('redrive: 2 entries');
    expect(code).toBe(0);
    expect(world.destination.arrived.toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
    expect(await world.store.readAudit({ eventId: entries[0]!.id })).toMatchObject([
      { action: 'redrive', by: 'arn:aws:iam::1:user/ann', reason: 'fixed the bus' },
    ]);
  });

  it('asks a person, and takes only yes for an answer', async () => {
    const { world } = await withParked(1);

    const no = await world.outbox('redrive --all', { terminal: fakeTerminal(['y']) });
    const yes = await world.outbox('redrive --all', { terminal: fakeTerminal(['yes']) });

    expect(no.notes).toContain('redrive 1? Type yes to go on: Nothing was changed.');
    expect(yes.notes).toMatch(/redrive █+ 1 of 1/);
    expect(yes.out).toContain('redrive: 1 entry');
  });

  it('takes events by their ids, and reports the status of each that does not wait', async () => {
    const { world, entries } = await withParked(1);
    const [delivered] = await world.deliver({ aggregate: 'order/9' });
    const flying = await world.write({ aggregate: 'order/8' });
    const unknown = '0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00';

    const { code, out } = await world.outbox(
      `redrive ${entries[0]!.id} ${delivered!.id} ${flying.id} ${unknown} --yes`,
    );

    expect(out).toContain(`${delivered!.id} was delivered; to deliver it again: outbox replay`);
    expect(out).toContain(`${flying.id} does not wait: it is on its way`);
    expect(out).toContain(`${unknown} is not in the table`);
    expect(out).toContain('redrive: 1 entry');
    expect(code).toBe(1);
  });

  it('takes an aggregate, and delivers it in its sequence', async () => {
    const world = await createLocalOutbox({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [first] = await world.deliver({ sequence: 1 });
    const [second] = await world.deliver({ sequence: 2 });
    world.script.decide = accepts;

    const { out } = await world.outbox('redrive order/1 --yes');
    await world.sweep();

    expect(out).toContain('redrive: 1 entry');
    expect(world.destination.arrived).toEqual([first!.id, second!.id]);
  });

  it('takes those of a filter', async () => {
    const { world, entries } = await withParked(2);

    const { out } = await world.outbox('redrive --aggregate order/1 --yes --json');

    expect(parse(out)).toMatchObject({ dryRun: false, found: 1, done: 1, gone: 0, refused: [] });
    expect(await world.waitingOf(entries[0]!)).toMatchObject({ state: 'parked' });
    expect(await world.waitingOf(entries[1]!)).toMatchObject({ state: 'retrying' });
  });

  it('says so where a filter matches nothing, which is no failure', async () => {
    const { world } = await withParked(1);

    const { code, out } = await world.outbox('redrive --type invoice.* --yes');

    expect(out).toContain('Nothing to redrive.');
    expect(code).toBe(0);
  });

  it('says what cannot be redriven, and leaves it alone', async () => {
    const world = await createLocalOutbox();
    const key = { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' };
    const held = anEntry({ sequence: 2 });
    await world.store.addWaiting([
      aWaiting({ entry: { key, json: '{}' }, state: 'parked' }),
      aWaiting({ entry: held, state: 'held' }),
    ]);

    const parked = await world.outbox('redrive --all --yes');
    const behind = await world.outbox('redrive --state held --yes');

    expect(parked).toMatchObject({ code: 1 });
    expect(parked.out).toContain('it can only be discarded');
    expect(behind.out).toContain(`${held.id}: it is held behind an earlier event`);
  });

  it('does the rest when it is run again after the connection was cut', async () => {
    const { world, entries } = await withParked(3);
    let changes = 0;
    const dynamodb = {
      send: (command: { readonly constructor: { readonly name: string } }) => {
        const isChange = command.constructor.name === 'PutItemCommand' && ++changes === 3;
        if (isChange) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
        return world.clients.dynamodb.send(command as never);
      },
    };

    const cut = await world.outbox('redrive --all --yes', {
      clients: { ...world.clients, dynamodb: dynamodb as never },
    });
    const again = await world.outbox('redrive --all --yes');
    await world.sweep();

    expect(cut.code).toBe(2);
    expect(cut.notes).toMatch(/^outbox: no connection to AWS: .*ECONNRESET.*\n$/);
    expect(again.code).toBe(0);
    expect(world.destination.arrived.toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
  });

  it.each([
    ['redrive', 'say what to redrive'],
    ['redrive order/1 --all', 'names or a filter, not both'],
    ['redrive 42', 'neither an event id'],
  ])('%s: %s', async (command, message) => {
    const { world } = await withParked(0);

    const { code, notes } = await world.outbox(command);

    expect(notes).toContain(message);
    expect(code).toBe(2);
  });

  it('keeps to its rate', async () => {
    const { world } = await withParked(3);
    const begun = world.clock.now();

    await world.outbox('redrive --all --rate 1 --yes');

    expect(world.clock.now() - begun).toBe(2000);
  });

  it('records who is logged in where AWS does not say who it is', async () => {
    const { world, entries } = await withParked(1);
    const sts = {
      send: () => {
        throw awsError('InvalidAction');
      },
    };

    const { notes } = await world.outbox('redrive --all --yes', {
      clients: { ...world.clients, sts: sts as never },
    });

    expect(notes).toContain('The record will say that ann did it');
    expect(await world.store.readAudit({ eventId: entries[0]!.id })).toMatchObject([{ by: 'ann' }]);
  });
});

describe('outbox discard', () => {
  it('asks why', async () => {
    const { world } = await withParked(1);

    const { code, notes } = await world.outbox('discard --all --yes');

    expect(notes).toContain("required option '--reason <reason>' not specified");
    expect(code).toBe(2);
  });

  it('takes an entry without a sequence out at once, on the record', async () => {
    const { world, entries } = await withParked(1);

    const { code, out } = await world.outbox("discard --all --yes --reason 'a test order'");
    const shown = await world.outbox(`show ${entries[0]!.id}`);

    expect(out).toContain('discard: 1 entry');
    expect(code).toBe(0);
    expect(shown.out).toContain(': discarded');
    expect(shown.out).toMatch(/discard .* arn:aws:iam::1:user\/ann +a test order/);
  });

  it('has a skip notice delivered in place of an entry with a sequence', async () => {
    const world = await createLocalOutbox({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [first] = await world.deliver({ sequence: 1 });
    const [second] = await world.deliver({ sequence: 2 });
    const skipped: unknown[] = [];
    world.script.decide = (outgoing) => {
      skipped.push(parse(outgoing.json)['skipped']);
      return accepts(outgoing);
    };

    await world.outbox(`discard ${first!.id} --yes --reason no`);
    const shown = await world.outbox(`show ${first!.id}`);
    await world.sweep();

    expect(shown.out).toMatch(/discarded +.* by arn:aws:iam::1:user\/ann: no/);
    expect(world.destination.arrived).toEqual([first!.id, second!.id]);
    expect(skipped).toEqual([true, undefined]);
    expect((await world.outbox(`show ${first!.id}`)).out).toContain(': discarded');
  });

  it('lists and counts what is being discarded, and finishes it by that state', async () => {
    const world = await createLocalOutbox({ ordered: true });
    world.script.decide = refuses('Novelty');
    const [first] = await world.deliver({ sequence: 1 });
    await world.deliver({ sequence: 1 });
    await world.outbox(`discard ${first!.id} --yes --reason no`);

    const listed = await world.outbox('ls discarding --json');
    const counted = await world.outbox('ls parked');
    await world.outbox('discard discarding --no-skip-notice --yes --reason gone');

    const { entries } = JSON.parse(listed.out) as { entries: { event: string }[] };
    expect(entries.map(({ event }) => event)).toEqual([first!.id]);
    expect(counted.notes).toContain('discarding 1 of these');
    expect((await world.outbox('ls discarding')).out).toBe('');
    expect(await world.waitingOf(first!)).toBeUndefined();
  });

  it('discards it at once without a skip notice', async () => {
    const world = await createLocalOutbox({ ordered: true });
    world.script.decide = refuses('MalformedDetail');
    const [entry] = await world.deliver({ sequence: 1 });

    await world.outbox(`discard ${entry!.id} --no-skip-notice --yes --reason no`);

    expect(await world.waitingOf(entry!)).toBeUndefined();
  });

  it('takes out a row that is no valid entry', async () => {
    const world = await createLocalOutbox();
    const key = { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' };
    await world.store.addWaiting([aWaiting({ entry: { key, json: '{}' }, state: 'parked' })]);

    const { out } = await world.outbox(`discard ${key.pk}/${key.sk} --yes --reason nonsense`);

    expect(out).toContain('discard: 1 entry');
    expect((await world.outbox('ls')).out).toBe('');
  });
});
