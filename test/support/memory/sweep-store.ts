import type { Clock } from '../../../lib/core/ports.ts';
import { toRow } from '../../../lib/dynamodb/items.ts';
import { auditKey, auditToRows, rowToAudit } from '../../../lib/table/audit.ts';
import type { Row } from '../../../lib/table/entry.ts';
import type { Records, SweepNotes, SweepStore } from '../../../lib/table/stores.ts';
import {
  acceptanceToRow,
  backdatedPrefix,
  leaseExpiry,
  leaseKey,
  leaseTakes,
  rowToBackdated,
  rowToSweep,
  rowToWatermark,
  sweepKeys,
  sweepToRow,
  takesOf,
  watermarkKey,
} from '../../../lib/table/sweep-notes.ts';
import { atOnce, type MemoryTable } from '../../../lib/testing/memory-table.ts';
import { createMemoryPageWalk } from './page-walk.ts';
import { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './store.ts';
import { createMemoryWaitingFlow } from './waiting-flow.ts';

/** The sweeper's store in memory, its table open to whoever writes entries or looks at rows. */
export interface MemorySweepStore extends SweepStore, MemoryStore {}

export interface MemorySweepStoreOptions extends MemoryStoreOptions {
  /** Says when the table was made: now. */
  readonly clock: Pick<Clock, 'now'>;
  /**
   * Entries that a page is read in parts of.
   *
   * @default 1000
   */
  readonly chunkSize?: number;
}

/**
 * The sweeper's store in memory: a double for DynamoDB's that passes the same conformance suite.
 *
 * Each call is done at once and without any other in between; its index is never behind.
 */
export function createMemorySweepStore(options: MemorySweepStoreOptions): MemorySweepStore {
  const { shards, chunkSize = 1000, clock } = options;
  const store = createMemoryStore(options);
  const { table } = store;
  return {
    ...store,
    ...createMemoryPageWalk(table, { shards, chunkSize }),
    ...createMemoryWaitingFlow(table, shards),
    ...createMemorySweepNotes(table, clock.now()),
    ...createMemoryRecords(table),
  };
}

/** What sweepers tell each other, in memory. */
export function createMemorySweepNotes(table: MemoryTable, createdAt: number): SweepNotes {
  return {
    tableCreatedAt: () => Promise.resolve(createdAt),
    advanceWatermark: (walker, page, shards) =>
      atOnce(() => {
        const row = table.get(watermarkKey(walker));
        const at = rowToWatermark(row);
        if (at !== undefined && (at.page >= page || (at.shards ?? 0) > shards)) return at.page;
        table.put({ ...row, ...watermarkKey(walker), page, shards });
        return page;
      }),
    restartWatermark: (walker, from) =>
      atOnce(() => {
        const at = rowToWatermark(table.get(watermarkKey(walker)));
        if (at?.shards === undefined || at.shards >= from.shards) return;
        table.put({ ...watermarkKey(walker), ...from });
      }),
    noteAcceptance: (at) =>
      atOnce(() => {
        table.put(acceptanceToRow(at));
      }),
    listBackdated: async function* (writtenBefore) {
      const notes = await atOnce(() => table.rows(backdatedPrefix).map(rowToBackdated));
      const written = notes.filter(({ writtenAt }) => writtenAt <= writtenBefore);
      if (written.length > 0) yield written;
    },
    removeBackdated: ({ key }) =>
      atOnce(() => {
        table.delete(key);
      }),
    leasePage: (lease) =>
      atOnce(() => {
        const { page, holder, now, until } = lease;
        const held = table.get(leaseKey(page));
        if (held !== undefined && (held['until'] as number) > now) return undefined;
        const takes = takesOf(held) + 1;
        const expiresAt = leaseExpiry(lease);
        table.put({ ...leaseKey(page), holder, until, expiresAt, [leaseTakes]: takes });
        return takes;
      }),
    releasePage: ({ page, holder }) =>
      atOnce(() => {
        const key = leaseKey(page);
        if (table.get(key)?.['holder'] === holder) table.delete(key);
      }),
  };
}

/** What was done, in memory. */
export function createMemoryRecords(table: MemoryTable): Records {
  return {
    noteSweep: (report) =>
      atOnce(() => {
        table.put(sweepToRow(report));
      }),
    readSweeps: (limit) =>
      atOnce(() => {
        const { pk, from, to } = sweepKeys();
        const isReport = ({ sk }: Row): boolean => from <= String(sk) && String(sk) <= to;
        const reports = table.query(pk).map(toRow).filter(isReport).map(rowToSweep);
        return reports.toReversed().slice(0, limit);
      }),
    noteAudit: (note) =>
      atOnce(() => {
        for (const row of auditToRows(note)) table.put(row);
      }),
    readAudit: (of) => atOnce(() => table.query(auditKey(of)).map(toRow).map(rowToAudit)),
  };
}
