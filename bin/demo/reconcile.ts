import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';

import { Order, toRow } from '../../examples/orders/order.ts';
import { invoke } from '../../lib/cli/aws/functions.ts';
import { makeRequests, type OrderRequest } from './orders.ts';
import type { Line } from './report.ts';
import { placedOf, type Run } from './run.ts';
import { step } from './step.ts';
import { stockUp } from './stock-up.ts';

/** Has an order come to be without its event, and the reconciliation find it and write the event. */
export async function importAndReconcile(
  run: Run,
  name: string,
): Promise<{ requests: readonly OrderRequest[]; lines: Line[] }> {
  const requests = placedOf({ requests: makeRequests(name, 1) });
  await stockUp({ ...run, requests });
  await step('Import an order straight into the table of the orders, without its event', () =>
    Promise.all(requests.map((request) => importOrder(request, run))),
  );
  const missing = await step('Reconcile orders and events, as a schedule does every day', () =>
    reconcile(run),
  );
  for (const { type, aggregate, writtenAs = 'nothing' } of missing) {
    console.log(`\n${type} of ${aggregate} was missing, and is written as ${writtenAs}`);
  }
  console.log();
  const written = missing.filter(({ writtenAs }) => writtenAs !== undefined);
  return {
    requests,
    lines: [
      { label: 'missing events found', found: missing.length, expected: requests.length },
      { label: 'missing events written', found: written.length, expected: requests.length },
    ],
  };
}

/** Puts an order where an import might put it that knows nothing of events. */
async function importOrder({ order }: OrderRequest, { shop, clients }: Run): Promise<void> {
  const Item = toRow(Order.parse(order), Date.now());
  await clients.documents.send(new PutCommand({ TableName: shop.orders.table, Item }));
}

const Report = z.object({
  missing: z.array(
    z.object({ type: z.string(), aggregate: z.string(), writtenAs: z.string().optional() }),
  ),
});

/** Runs the orders' reconciliation over the time since the run began. Answers with what was missing. */
async function reconcile({
  shop,
  clients,
  since,
}: Run): Promise<z.infer<typeof Report>['missing']> {
  const request = { from: new Date(since).toISOString() };
  const run = await invoke(shop.orders.reconcile, clients, request);
  if (run.status === 'failed') throw new Error(`the reconciliation failed: ${run.message}`);
  return Report.parse(run.answer).missing;
}
