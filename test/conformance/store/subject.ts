import type { Row } from '../../../lib/table/entry.ts';
import type { Store } from '../../../lib/table/stores.ts';

/** A store under test, and its table seen from outside. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly put: (row: Row) => Promise<void>;
  /** All rows of the table. */
  readonly rows: () => Promise<Row[]>;
}

export type StoreFactory = (options: { shards: number }) => Promise<StoreUnderTest>;

/** Shards of a page, in every case of the suite. */
export const shards = 4;
