import { beforeAll, describe, expect, it } from 'vitest';

import { findNamed } from '../../lib/cli/names.ts';
import { refuses } from '../support/world.ts';
import { inboxFunction, outboxFunctions, queueUrl, servicesOf } from './support/account.ts';
import { fakeClients } from './support/clients.ts';
import { fakeQueues } from './support/fake-queue.ts';
import { createLocalOutbox, parse, type LocalOutbox } from './support/local-outbox.ts';
import { run } from './support/run.ts';

describe('findNamed', () => {
  const names = ['Shop/Billing', 'Shop/billing', 'Mail', 'Shop/Mail', 'mail'];
  const find = (typed: string): string[] => findNamed(typed, names, (name) => [name]);

  it.each([
    ['Shop/Billing', ['Shop/Billing']],
    ['Mail', ['Mail']],
    ['Billing', ['Shop/Billing']],
    ['BILLING', ['Shop/Billing', 'Shop/billing']],
    ['shop/mail', ['Shop/Mail']],
    ['MAIL', ['Mail', 'mail']],
    ['Post', []],
  ])(
    'takes %s for %j: the very name before the end of a path, and case last',
    (typed, expected) => {
      expect(find(typed)).toEqual(expected);
    },
  );
});

describe('a name that is typed in another case', () => {
  const saga = {
    ...inboxFunction('Shop/Fulfilment'),
    name: 'Shop-Saga',
    environment: {
      ...inboxFunction('Shop/Fulfilment').environment,
      SAGA_NAME: 'fulfilment',
      SAGA_TABLE: 'no-table',
    },
  };
  const functions = [...outboxFunctions('Shop-Table'), inboxFunction('Shop/Billing'), saga];
  const queues = () => fakeQueues({ 'Shop-DeadLetters': [], Other: [] });

  it.each(['inbox ls billing', 'inbox ls BILLING --stack shop', 'redrive-queue other'])(
    'is understood by %s',
    async (command) => {
      const sqs = queues().answers;
      const clients = fakeClients({ ...servicesOf({ functions }), sqs });
      const known = Object.keys(sqs);

      const { code, out, notes } = await run(command, { clients });

      expect(known).toContain('ListQueues');
      expect(out + notes).toContain('is empty');
      expect(code).toBe(0);
    },
  );

  it.each([
    ['inbox ls Biling', 'Did you mean Shop/Billing?'],
    ['inbox ls Billing --stack Shp', 'Did you mean Shop?'],
    ['saga ls fulfillment', 'Did you mean Shop/Fulfilment?'],
    ['redrive-queue Othr', 'Did you mean Other?'],
    ['ls --outbox Shop/Outbx', 'Did you mean Shop/Outbox?'],
    ['ls --stack Shp', 'Did you mean Shop?'],
  ])('is suggested where %s is not known', async (command, suggestion) => {
    const clients = fakeClients({ ...servicesOf({ functions }), sqs: queues().answers });

    const { code, notes } = await run(command, { clients });

    expect(notes).toContain(suggestion);
    expect(code).toBe(2);
  });

  it('is the very queue where two differ in case only', async () => {
    const both = fakeQueues({ dead: [], Dead: [] });
    const clients = fakeClients({ ...servicesOf({}), sqs: both.answers });

    const exact = await run('redrive-queue dead --json', { clients });
    const neither = await run('redrive-queue DEAD', { clients });

    expect(parse(exact.out)).toMatchObject({ queue: queueUrl('dead') });
    expect(neither.notes).toContain('there is no queue DEAD');
  });
});

describe('a state', () => {
  let world: LocalOutbox;
  beforeAll(async () => {
    world = await createLocalOutbox();
    world.script.decide = refuses('MalformedDetail');
    await world.deliver({}, { aggregate: 'order/2' });
  });

  it.each([
    'ls parked',
    'ls --state parked',
    'ls PARKED',
    'ls order/1',
    'ls --aggregate order/1',
    'ls parked --aggregate order/1 --error malformeddetail',
    'ls order/1 --state parked',
  ])('and an aggregate may be argument or option of %s', async (command) => {
    const { out } = await world.outbox(`${command} --json`);

    const entries = parse(out)['entries'] as { aggregate: string }[];
    expect(entries.length).toBeGreaterThan(0);
    if (command.includes('order/1'))
      expect(entries.map((one) => one.aggregate)).toEqual(['order/1']);
  });

  it.each(['redrive parked', 'redrive --state parked', 'discard Parked --reason x'])(
    'may be argument or option of %s',
    async (command) => {
      const { out } = await world.outbox(`${command} --json`);

      expect(parse(out)).toMatchObject({ dryRun: true, found: 2 });
    },
  );

  it.each([
    ['ls parked --state held', 'the state was given twice: parked and held'],
    ['ls order/1 --aggregate order/2', 'the aggregate was given twice'],
    ['redrive parked held', 'redrive takes one state, not parked and held'],
    ['redrive parked order/1', 'redrive takes names or a filter, not both'],
    ['redrive --state prked', 'Did you mean parked?'],
  ])('that is not clear in %s is asked for', async (command, question) => {
    const { code, notes } = await world.outbox(command);

    expect(notes).toContain(question);
    expect(code).toBe(2);
  });
});
