import { createDynamoDBStore as create } from '../../../../lib/dynamodb/outbox-store.ts';
import type { Store } from '../../../../lib/table/stores.ts';
import { readPlan } from './plan.ts';

/** The real store, except that its process dies where the plan says so. */
export function createDynamoDBStore(options: Parameters<typeof create>[0]): Store {
  const store = create(options);
  return {
    ...store,
    addReceipts: async (receipts) => {
      if (readPlan().diesBeforeReceipts === true) process.exit(1);
      await store.addReceipts(receipts);
    },
  };
}
