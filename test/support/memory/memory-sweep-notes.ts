import { backdatedPrefix, rowToBackdated } from '../../../lib/table/backdated.ts';
import { auditKey, auditToRows, rowToAudit } from '../../../lib/table/audit.ts';
import type { Row } from '../../../lib/table/entry.ts';
import { leaseExpiry, leaseKey, leaseTakes, takesOf } from '../../../lib/table/lease.ts';
import { rowToSweep, sweepKeys, sweepToRow } from '../../../lib/table/sweep-report.ts';
import { acceptanceToRow } from '../../../lib/table/relay-notes.ts';
import { rowToWatermark, watermarkKey } from '../../../lib/table/watermark.ts';
import { toRow } from '../../../lib/dynamodb/item.ts';
import type { Records, SweepNotes } from '../../../lib/table/sweep-store.ts';
import { atOnce } from '../../../lib/testing/at-once.ts';
import type { MemoryTable } from '../../../lib/testing/memory-table.ts';

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
