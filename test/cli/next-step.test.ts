import { describe, expect, it } from 'vitest';

import { aWaiting, anEntry } from '../support/entries.ts';
import { createKeyedTable, localClient } from '../support/tables.ts';
import { refuses } from '../support/world.ts';
import { newId } from '../../lib/core/system.ts';
import { createLocalOutbox, type LocalOutbox } from './support/local-outbox.ts';
import { fakeTerminal } from './support/terminal.ts';

async function withParked() {
  const world = await createLocalOutbox();
  world.script.decide = refuses('MalformedDetail');
  const [parked] = await world.deliver({ sequence: 1 });
  return { world, parked: parked! };
}

/** Types the command that a text says to type. */
async function typeWhat(world: LocalOutbox, text: string, pattern: RegExp) {
  const [, said = ''] = pattern.exec(text) ?? [];
  return world.outbox(said);
}

describe('the next step', () => {
  it('leads from the status to the redrive, each command as the one before says it', async () => {
    const { world, parked } = await withParked();
    const toPaste = (name: string): RegExp => new RegExp(`outbox (${name} .*)`);

    const status = await world.outbox(`status --table ${world.tableName}`);
    const list = await typeWhat(world, status.out, toPaste('ls'));
    const show = await world.outbox(
      (/outbox (show .*)/.exec(list.notes)?.[1] ?? '').replace('<event>', parked.id),
    );
    const redrive = await typeWhat(world, show.notes, toPaste('redrive'));

    expect(list.out).toContain(parked.id);
    expect(show.out).toContain(`Event ${parked.id}: waiting`);
    expect(redrive.out).toContain(parked.id);
    expect(redrive.notes).toContain('Add --yes');
  });

  it('after a redrive is the sweeper', async () => {
    const { world, parked } = await withParked();

    const { notes } = await world.outbox(`redrive ${parked.id} --yes --stack Shop`);

    expect(notes).toContain(
      'The sweeper delivers within a minute; at once: outbox sweep --stack Shop',
    );
  });

  it.each([
    ['parked', 'Fix the cause, then redrive it:\n  outbox redrive'],
    ['retrying', 'The sweeper retries it when it is due. To retry now:\n  outbox redrive'],
    [
      'held',
      'It is delivered when the earlier events of its aggregate are delivered or discarded:\n  outbox show order/42',
    ],
    ['deferred', 'It is delivered when it is due.'],
  ] as const)('is said of what is %s', async (state, said) => {
    const world = await createLocalOutbox();
    const entry = anEntry({ id: newId(world.clock.now()) });
    await world.store.addWaiting([aWaiting({ entry, state })]);

    expect((await world.outbox(`show ${entry.id}`)).notes).toContain(said);
    expect((await world.outbox(`show ${entry.id} --json`)).notes).toBe('');
  });

  it('is to discard a row that is no valid entry', async () => {
    const world = await createLocalOutbox();
    const key = { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' };
    await world.store.addWaiting([aWaiting({ entry: { key, json: '{}' }, state: 'parked' })]);

    const { notes } = await world.outbox(`show ${key.pk}/${key.sk}`);

    expect(notes).toContain(`outbox discard '${key.pk}/${key.sk}' --reason`);
    expect(notes).not.toContain('redrive');
  });

  it('is to look at what does wait, where a filter matches nothing', async () => {
    const { world } = await withParked();
    const counts = 'deferred 0 · retrying 0 · held 0 · parked 1';

    for (const command of ['ls', 'redrive', "discard --reason 'no use'"]) {
      const { code, notes } = await world.outbox(`${command} --error Odd`);

      expect(notes).toContain(counts);
      expect(code).toBe(0);
    }
  });
});

describe('what goes on until Ctrl-C', () => {
  /** A world whose table cannot be reached when it is looked at so many times. */
  async function withCuts(cuts: number) {
    const world = await createLocalOutbox();
    await world.deliver({});
    const { dynamodb } = world.clients;
    let left = cuts;
    const send = (command: { readonly input: object }): unknown => {
      const isLook = command.constructor.name === 'QueryCommand';
      if (isLook && left-- > 0) {
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      }
      return dynamodb.send(command as never);
    };
    const clients = { ...world.clients, dynamodb: { send } as never };
    const stop = new AbortController();
    const slept: number[] = [];
    const clock = {
      now: () => world.clock.now(),
      sleep: (ms: number) => {
        slept.push(ms);
        if (slept.length === 3) stop.abort();
        return Promise.resolve();
      },
    };
    return { world, slept, there: { clients, clock, stop: stop.signal } };
  }

  it.each(['status --watch --every 7', 'tail --since 1m --every 7'])(
    '%s tries again while it has no connection, and says so',
    async (command) => {
      const { world, slept, there } = await withCuts(1);

      const { out, notes } = await world.outbox(command, there);

      expect(notes).toContain('no connection to AWS: socket hang up. Tries again in 5 s');
      expect(slept).toEqual([5000, 7000, 7000]);
      expect(out).not.toBe('');
    },
  );

  it('ends by what does not pass by itself', async () => {
    const { world, there } = await withCuts(0);
    const denied = {
      send: () => {
        throw Object.assign(new Error('not you'), { name: 'AccessDeniedException' });
      },
    };

    const clients = { ...there.clients, lambda: denied as never };
    const { code, notes } = await world.outbox('status --watch', { ...there, clients });

    expect(notes).toContain('not allowed: not you');
    expect(code).toBe(2);
  });

  it('keeps the last look on the screen until there is a new one', async () => {
    const { world, there } = await withCuts(0);
    const terminal = fakeTerminal([]);

    const { out } = await world.outbox('status --watch', { ...there, terminal });

    expect(out.split('\u001b[2J\u001b[H').slice(1)).toHaveLength(3);
    expect(out.endsWith('\u001b[2J\u001b[H')).toBe(false);
  });
});

describe('a wrong table', () => {
  it('with keys of the same names is told, with the tables that could be meant', async () => {
    const world = await createLocalOutbox();
    const wrong = await createKeyedTable(localClient());

    for (const command of ['status', 'ls', 'show order/1', 'redrive --all']) {
      const { code, notes } = await world.outbox(`${command} --table ${wrong}`);

      expect(notes).toContain(`table ${wrong} is no outbox table`);
      expect(notes).toContain(world.tableName);
      expect(code).toBe(2);
    }
  });

  it('that there is not is told, with the tables that there are', async () => {
    const world = await createLocalOutbox();

    const { code, notes } = await world.outbox('status --table elsewhere');

    expect(notes).toContain('there is no table elsewhere in this region and account');
    expect(notes).toContain(`--table ${world.tableName}`);
    expect(code).toBe(2);
  });
});
