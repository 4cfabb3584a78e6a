import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { disorderDuring } from '../../bin/demo/disorder.ts';
import { deliverAgain } from '../../bin/demo/duplicates.ts';
import { makeRequests, placeOrders } from '../../bin/demo/orders.ts';
import { latestWithin } from '../../bin/demo/poll.ts';
import { isRight, linesOf, type Line } from '../../bin/demo/report.ts';
import type { Run } from '../../bin/demo/run.ts';
import { stockUp } from '../../bin/demo/stock-up.ts';
import { sweepDuring } from '../../bin/demo/sweeps.ts';
import { takeTally } from '../../bin/demo/tally.ts';
import { deployShop, type DeployedShop } from './deployed-shop.ts';

const orders = 40;
const patience = 300_000;
let deployed: DeployedShop;
let remove = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  const deployment = await deployShop();
  remove = deployment.remove;
  deployed = await deployment.deployed;
}, 180_000);

afterAll(async () => {
  await remove();
}, 60_000);

describe('orders, payment and inventory', { timeout: patience + 60_000 }, () => {
  it('agree on every order, whatever the bank, the stock, the provider and the queues do', async () => {
    const requests = makeRequests(`e2e-${randomBytes(4).toString('hex')}`, orders);
    const run = { ...deployed, requests, since: Date.now() };
    await stockUp(run);

    const placing = placeOrders(deployed.shop.apiUrl, requests, ignore);
    const copies = (await disorderDuring(run, placing)) + (await deliverAgain(run));
    const lines = await sweepDuring(deployed, settledLines(run, copies));

    expect(lines.filter((line) => !isRight(line))).toEqual([]);
    expect(copies).toBeGreaterThan(0);
  });
});

function settledLines(run: Run, copies: number): Promise<Line[]> {
  return latestWithin(
    patience,
    async () => linesOf(await takeTally(run), { requests: run.requests, copies }),
    (lines) => lines.every(isRight),
  );
}

function ignore(): void {
  // Progress is for people.
}
