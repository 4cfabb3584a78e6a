import type { Entry, Row } from '../../../lib/table/entry.ts';
import { holdKey } from '../../../lib/table/keys.ts';
import {
  holdsOf,
  isInvalidRow,
  waitingToRow,
  rowToSummary,
  type Waiting,
  type WaitingSummary,
} from '../../../lib/table/waiting.ts';
import type { SweepStore } from '../../../lib/table/stores.ts';
import { aWaiting, anEntry } from '../../support/entries.ts';

/** A store under test, and its table seen from outside. */
export interface SweepStoreUnderTest {
  readonly store: SweepStore;
  readonly put: (row: Row) => Promise<void>;
  /** All rows of the table. */
  readonly rows: () => Promise<Row[]>;
}

export type SweepStoreFactory = (options: { shards: number }) => Promise<SweepStoreUnderTest>;

/** Shards of a page, in every case of the suite that does not say otherwise. */
export const shards = 4;

/** A waiting entry that holds its aggregate. */
export function holding(sequence: number, over: Partial<Waiting> = {}): Waiting {
  const entry = anEntry({ aggregate: 'order/1', sequence });
  return aWaiting({ entry, blocksLane: true, ...over });
}

export function entryOf({ entry }: Waiting): Entry {
  if (isInvalidRow(entry)) throw new Error('no entry');
  return entry;
}

/** What the index says of a row. */
export function summaryOf(waiting: Waiting): WaitingSummary {
  return rowToSummary(waitingToRow(waiting));
}

/** The number of an aggregate's holds as its hold row has it. */
export async function holdsOn(aggregate: string, { rows }: SweepStoreUnderTest): Promise<number> {
  const { pk, sk } = holdKey(aggregate);
  return holdsOf((await rows()).find((row) => row['pk'] === pk && row['sk'] === sk));
}

export async function collect<T>(parts: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(...part);
  return all;
}
