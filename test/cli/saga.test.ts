import { beforeAll, describe, expect, it } from 'vitest';

import { sagaToEnvironment } from '../../lib/table/saga.ts';
import { messageOf } from '../../lib/testing.ts';
import {
  fulfilment,
  OrderAmended,
  OrderPlaced,
  PaymentTaken,
  StockMissing,
  StockReserved,
} from '../saga/fulfilment.ts';
import { localWorld } from '../saga/support.ts';
import { localClient } from '../support/tables.ts';
import { inboxFunction, servicesOf, type FakeFunction } from './support/account.ts';
import { fakeClients } from './support/clients.ts';
import { parse } from './support/local-outbox.ts';
import { run, type Ran } from './support/run.ts';

const hour = 3_600_000;

let world: Awaited<ReturnType<typeof localWorld>>;
let outbox: (commandLine: string) => Promise<Ran>;

/** A saga of an order that is paid for, one that is being compensated, one that has finished; a day later. */
beforeAll(async () => {
  world = await localWorld();
  const handler = world.run(fulfilment);
  const events = ['paid', 'stuck', 'done'].flatMap((orderId) => [
    OrderPlaced(orderId, { orderId }),
    PaymentTaken(orderId, { orderId }),
  ]);
  const ends = [
    StockMissing('stuck', { orderId: 'stuck' }),
    StockReserved('done', { orderId: 'done' }),
  ];
  for (const event of [...events, ...ends]) await world.deliver(handler, messageOf(event));
  const sagaFunction: FakeFunction = {
    ...inboxFunction('Shop/Fulfilment'),
    environment: {
      ...inboxFunction('Shop/Fulfilment').environment,
      ...sagaToEnvironment({ name: 'fulfilment', tableName: world.tables.sagas }),
    },
  };
  const services = servicesOf({ functions: [sagaFunction, inboxFunction('Mail/Inbox', 'Mail')] });
  const clients = fakeClients(services, localClient());
  outbox = (commandLine) => run(commandLine, { clients, clock: world.clock });
});

describe('outbox saga ls', () => {
  it('shows the sagas there are, and no other inbox', async () => {
    const { code, out } = await outbox('saga ls');

    expect(out).toMatch(/Shop\/Fulfilment +fulfilment +2 +0/);
    expect(out).not.toContain('Mail');
    expect(code).toBe(0);
  });

  it.each(['fulfilment', 'Fulfilment', 'Shop/Fulfilment'])(
    'shows what has not finished of %s',
    async (named) => {
      const { code, out } = await outbox(`saga ls ${named}`);

      expect(out).toMatch(/paid +running +0 s ago +in 1 d/);
      expect(out).toMatch(/stuck +compensating/);
      expect(out).not.toContain('done');
      expect(code).toBe(0);
    },
  );

  it('shows nothing overdue where nothing is', async () => {
    const { code, out, notes } = await outbox('saga ls fulfilment --overdue');

    expect([code, out]).toEqual([0, '']);
    expect(notes).toContain('No saga fulfilment of that kind');
  });

  it('suggests the saga that was meant', async () => {
    const { code, notes } = await outbox('saga ls Shop/Fulfilmnt');

    expect(notes).toContain('Did you mean Shop/Fulfilment?');
    expect(code).toBe(2);
  });

  it('finds it in its stack', async () => {
    expect((await outbox('saga ls --stack Shop')).out).toContain('Shop/Fulfilment');
    expect((await outbox('saga ls --stack Mail')).notes).toContain('There is no saga here.');
  });
});

describe('outbox saga show', () => {
  it('shows one with its history, and not its state', async () => {
    const { code, out } = await outbox('saga show fulfilment stuck');

    expect(out).toMatch(/status +compensating/);
    expect(out).toMatch(/reason +no stock/);
    expect(out).toMatch(/waits for +payment\.refunded/);
    expect(out).toMatch(/to undo +order/);
    expect(out).toMatch(/order\.placed .* running +payment\.take/);
    expect(out).toMatch(/stock\.missing .* compensating +undo stock, undo payment/);
    expect(out).not.toContain('orderId');
    expect(code).toBe(0);
  });

  it('shows its state where it is asked for', async () => {
    const withData = await outbox('saga show fulfilment paid --data');
    const json = await outbox('saga show fulfilment paid --json');
    const both = await outbox('saga show fulfilment paid --json --data');

    expect(withData.out).toContain('"paid": true');
    expect(withData.out).toMatch(/deadlines +stock .*in 1 h/);
    expect(parse(json.out)).toMatchObject({
      key: 'paid',
      compensations: ['order', 'payment', 'stock'],
    });
    expect(json.out).not.toContain('orderId');
    expect(parse(both.out)).toMatchObject({ state: expect.stringContaining('orderId') as string });
  });

  it('shows one that has finished, and until when', async () => {
    const { out } = await outbox('saga show fulfilment done');

    expect(out).toMatch(/status +completed/);
    expect(out).toMatch(/forgotten .*in 30 min/);
  });

  it('says where there is none', async () => {
    const { code, notes } = await outbox('saga show fulfilment unknown-key');

    expect(notes).toContain('there is no saga fulfilment unknown-key');
    expect(code).toBe(2);
  });

  it('says how much of a long history is not kept', async () => {
    const handler = world.run(fulfilment);
    await world.deliver(handler, messageOf(OrderPlaced('long', { orderId: 'long' })));
    for (let n = 0; n < 22; n++) {
      await world.deliver(handler, messageOf(OrderAmended('long', { orderId: 'long' })));
    }

    expect((await outbox('saga show fulfilment long')).out).toContain('(3 more, after the first');
  });
});

it('exits with 1 where sagas are overdue', async () => {
  world.clock.advance(25 * hour);

  const all = await outbox('saga ls');
  const overdue = await outbox('saga ls fulfilment --overdue --json');

  expect(all.code).toBe(1);
  expect(overdue.code).toBe(1);
  const { running } = parse(overdue.out) as { running: { key: string }[] };
  expect(running.map(({ key }) => key).toSorted()).toContain('stuck');
});
