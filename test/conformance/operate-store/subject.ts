import type { Row } from '../../../lib/table/entry.ts';
import type { OperateStore } from '../../../lib/table/stores.ts';

/** A store under test, and its table seen from outside. */
export interface OperateStoreUnderTest {
  readonly store: OperateStore;
  readonly put: (row: Row) => Promise<void>;
}

export type OperateStoreFactory = (options: { shards: number }) => Promise<OperateStoreUnderTest>;

/** Shards of a page, in every case of the suite. */
export const shards = 4;
