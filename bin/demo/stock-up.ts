import { PutCommand } from '@aws-sdk/lib-dynamodb';

import { placedOf, type Run } from './run.ts';

/** Puts enough of each of the run's products into the inventory; nothing of those that are sold out. */
export async function stockUp(run: Run): Promise<void> {
  const { clients, shop } = run;
  const available = placedOf(run).filter(({ fate }) => fate !== 'out of stock');
  const products = new Set(available.map(({ order }) => order.sku));
  await Promise.all(
    [...products].map((id) =>
      clients.documents.send(
        new PutCommand({ TableName: shop.inventory.table, Item: { id, available: 1_000_000 } }),
      ),
    ),
  );
}
