import { describe, expect, it } from 'vitest';

import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import type { Answers } from './support/clients.ts';
import { createLocalOutbox, parse } from './support/local-outbox.ts';
import { fakeTerminal } from './support/terminal.ts';

interface SentEntry {
  readonly Detail: string;
}

/** An outbox with two delivered events, and a bus that remembers what is sent to it while it can be reached. */
async function anOutbox() {
  const sent: { id: string; replayid?: string }[] = [];
  const bus = { isDown: false };
  const eventbridge: Answers = {
    PutEvents: ({ Entries }: { Entries: SentEntry[] }) => {
      if (bus.isDown) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      sent.push(...Entries.map(({ Detail }) => JSON.parse(Detail) as { id: string }));
      return { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: 'e' })) };
    },
  };
  const world = await createLocalOutbox({ services: { eventbridge } });
  const [order, invoice] = await world.deliver(
    { type: 'order.placed', aggregate: 'order/1 2' },
    { type: 'invoice.created', aggregate: 'invoice/1' },
  );
  world.clock.advance(1000);
  return { ...world, bus, sent, order: order!, invoice: invoice! };
}

/** The command that a text says to type. */
const saidIn = (text: string): string => /outbox (replay --from.*)/.exec(text)?.[1] ?? '';

describe('outbox replay', () => {
  it('first counts what it would deliver, and sends nothing', async () => {
    const { outbox, sent } = await anOutbox();

    const { code, out, notes } = await outbox('replay --from 1h');

    expect(out).toMatch(/order\.placed +1\n/);
    expect(out).toMatch(/2 entries of \d+ pages, to bus\/Bus/);
    expect(notes).toContain('Add --yes');
    expect({ code, sent }).toEqual({ code: 0, sent: [] });
  });

  it('delivers again with --yes, marked as one replay, on the record', async () => {
    const { outbox, sent, order } = await anOutbox();

    const { code, out } = await outbox(
      "replay --from 1h --aggregate 'order/1 2' --reason 'lost it' --yes",
    );

    expect(out).toContain('replayed: 1 entry');
    expect(sent).toMatchObject([{ id: order.id, replayid: expect.any(String) as string }]);
    expect((await outbox("show 'order/1 2'")).out).toMatch(/replay .*user\/ann .*lost it/);
    expect(code).toBe(0);
  });

  it('calls a destination in the region of that destination', async () => {
    const { outbox, sent } = await anOutbox();
    const regions: (string | undefined)[] = [];

    await outbox('replay --from 1h --region us-east-1 --profile ops --yes', {
      onOpenClients: ({ region, profile }) => regions.push(`${region} ${profile}`),
    });

    expect(regions).toEqual(['us-east-1 ops', 'eu-west-1 ops']);
    expect(sent).toHaveLength(2);
  });

  it('is typed as it says for an event that was delivered', async () => {
    const { outbox, sent, order } = await anOutbox();
    const { out } = await outbox(`redrive ${order.id}`);

    await outbox(`${saidIn(out)} --yes`);

    expect(sent.map(({ id }) => id)).toEqual([order.id]);
  });

  it('says that a filter matches nothing, and what is left out', async () => {
    const { outbox } = await anOutbox();

    const { code, out, notes } = await outbox('replay --from 1h --type nothing.* --yes');

    expect(out).toContain('Nothing to replay: 0 entries of');
    expect(out).toContain('What waits, is on its way');
    expect({ code, notes }).toEqual({ code: 0, notes: '' });
  });

  it('stops where the destination cannot be reached, and goes on as it says', async () => {
    const { outbox, bus, sent, order, invoice } = await anOutbox();
    bus.isDown = true;

    const cut = await outbox('replay --from 1h --region eu-west-1 --yes');
    bus.isDown = false;
    const rest = await outbox(`${saidIn(cut.out)} --yes`);

    expect(cut.out).toMatch(/stopped at page .*: ECONNRESET of bus\/Bus, read ECONNRESET/);
    expect(saidIn(cut.out)).toMatch(/--region eu-west-1$/);
    expect(cut.code).toBe(1);
    expect(rest.notes).toMatch(/is not finished: .* Its last progress was 0 s ago/);
    expect(rest.notes).toMatch(/Continues replay .* which arn:aws:iam::1:user\/ann began/);
    expect(rest.code).toBe(0);
    expect(sent.map(({ id }) => id).toSorted()).toEqual([order.id, invoice.id].toSorted());
  });

  it('does the same again only where that is said', async () => {
    const { outbox, sent, clock } = await anOutbox();
    const from = new Date(clock.now() - 600_000).toISOString();
    const to = new Date(clock.now()).toISOString();
    const same = `replay --from ${from} --to ${to} --yes`;
    await outbox(same);

    const refused = await outbox(same);
    const again = await outbox(`${same} --again`);

    expect(refused).toMatchObject({ code: 1 });
    expect(refused.notes).toContain('Add --again to replay it once more');
    expect(again.code).toBe(0);
    expect(new Set(sent.map(({ replayid }) => replayid)).size).toBe(2);
  });

  it('refuses times that moved on while the same replay is not finished, and says how to continue it', async () => {
    const { outbox, bus, sent, clock } = await anOutbox();
    bus.isDown = true;
    await outbox('replay --from 50m --yes');
    bus.isDown = false;
    clock.advance(5 * 60_000);

    const typedAgain = await outbox('replay --from 50m --yes');
    expect(typedAgain).toMatchObject({ code: 1, out: '' });
    expect(typedAgain.notes).toContain('is not finished and delivers some of the same events');
    expect(sent).toEqual([]);
    const continued = await outbox(`${saidIn(typedAgain.notes)} --yes`);

    expect(continued.code).toBe(0);
    expect(sent).toHaveLength(2);
    expect(new Set(sent.map(({ replayid }) => replayid)).size).toBe(1);
    expect(typedAgain.notes).toContain(`Replay ${sent[0]!.replayid}`);
  });

  it('ends an unfinished replay of the same events where --abandon says so', async () => {
    const { outbox, bus, sent, clock } = await anOutbox();
    bus.isDown = true;
    await outbox('replay --from 50m --yes');
    bus.isDown = false;
    clock.advance(5 * 60_000);

    const { code } = await outbox('replay --from 50m --abandon --yes');

    expect(code).toBe(0);
    expect(sent).toHaveLength(2);
  });

  it('delivers what a restored or copied table holds from before it was created', async () => {
    const { outbox, write, newId, clock, sent } = await anOutbox();
    const old = await write({ id: newId(clock.now() - 71.5 * 3_600_000) });

    const { code } = await outbox('replay --from 72h --to 71h --yes');

    expect(sent.map(({ id }) => id)).toEqual([old.id]);
    expect(code).toBe(0);
  });

  it('refuses what the table may not have any more, and says from when on it has it', async () => {
    const { outbox, clock } = await anOutbox();
    const later = createVirtualClock(clock.now() + 20 * 86_400_000);

    const { code, notes } = await outbox('replay --from 19d --to 18d', { clock: later });

    expect(notes).toMatch(/the table keeps nothing from before 20\S+Z, and --from is/);
    expect(notes).toContain('--archive');
    expect(code).toBe(2);
  });

  it.each([
    ['--from 1h --to 2h', '--from must be before --to'],
    ['--from 1h --to-destination bus/Bsu', 'Did you mean bus/Bus?'],
  ])('%s is explained', async (options, explanation) => {
    const { outbox } = await anOutbox();

    const { code, notes } = await outbox(`replay ${options}`);

    expect(notes).toContain(explanation);
    expect(code).toBe(2);
  });

  it('shows a person how far it is, and takes only yes for an answer', async () => {
    const { outbox, sent } = await anOutbox();

    const no = await outbox('replay --from 1h', { terminal: fakeTerminal(['y']) });
    expect(sent).toEqual([]);
    const yes = await outbox('replay --from 1h', { terminal: fakeTerminal(['yes']) });

    expect(no.notes).toContain('Deliver 2 again?');
    expect(yes.notes).toContain('2 of 2');
    expect(sent).toHaveLength(2);
  });

  it('gives scripts JSON', async () => {
    const { outbox } = await anOutbox();

    const dry = await outbox('replay --from 1h --json');
    const done = await outbox('replay --from 1h --json --yes');

    expect(parse(dry.out)).toMatchObject({ dryRun: true, entries: 2, skipNotices: 0 });
    expect(parse(done.out)).toMatchObject({ dryRun: false, sent: 2, refused: [] });
  });

  it('cannot know where to deliver of a table that no function is seen of', async () => {
    const world = await createLocalOutbox({ account: () => ({ functions: [] }) });

    const { code, notes } = await world.outbox(`replay --from 1h --table ${world.tableName}`);

    expect(notes).toContain('allow lambda:ListFunctions, or name the outbox by --stack');
    expect(code).toBe(2);
  });
});
