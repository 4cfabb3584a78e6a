import { entryToRow, type Entry } from '../../lib/table/entry.ts';
import { table as names, type Page } from '../../lib/table/keys.ts';
import type { ReceiptOutcome } from '../../lib/table/receipt.ts';
import { createArchiver, type ArchiveReport } from '../../lib/archive/archiver.ts';
import type { ArchiveObjects, ArchiverPorts } from '../../lib/table/stores.ts';
import { openArchive } from '../../lib/archive/reader.ts';
import { receiptsFor } from '../../lib/delivery/deliver.ts';
import type { ArchivedEntry } from '../../lib/table/archive.ts';
import { unpackEntries } from '../../lib/archive/objects.ts';
import { createMemoryArchive, createMemoryLateEntries } from '../support/memory/archive.ts';
import { createMemoryOperateStore } from '../support/memory/operate-store.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';
import {
  countingIds,
  entryOf,
  recordingLog,
  recordingMeter,
  retentionMs,
  shards,
} from '../support/world.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
/** The beginning of an hour. */
export const start = Date.UTC(2026, 10, 21, 4);
export const owner = { prefix: 'outbox/', source: 'orders' };
export const folder = 'outbox/source=orders/date=2026-11-21/hour=04/';

export type ArchiveWorld = ReturnType<typeof createArchiveWorld>;

/** A table with entries and receipts, a sweeper's watermark, an archive, and archivers. */
export function createArchiveWorld({ chunkSize = 3 }: { chunkSize?: number } = {}) {
  const clock = createVirtualClock(start);
  const memory = createMemoryOperateStore({ shards, clock, chunkSize });
  const store = { ...memory, ...createMemoryLateEntries(memory.table) };
  const archive = createMemoryArchive();
  const [log, meter, newId] = [recordingLog(), recordingMeter(), countingIds()];
  const ports: ArchiverPorts = {
    store,
    archive,
    clock,
    newId,
    log,
    meter,
    tableName: 'orders-table',
    ...owner,
    shards,
    retentionMs,
  };
  const run = (over: Partial<ArchiverPorts> = {}): Promise<ArchiveReport> =>
    createArchiver({ ...ports, ...over })({ getRemainingTimeInMillis: () => 15 * minute });
  return {
    clock,
    store,
    archive,
    log,
    meter,
    ports,
    newId,
    run,
    /** An entry of a moment, in the table. */
    write: (over: Partial<Entry> = {}, at = clock.now()): Entry => {
      const entry = entryOf(newId(at), over);
      memory.table.put(entryToRow(entry, { shards, retentionMs }));
      return entry;
    },
    /** A receipt of entries, now. */
    note: (outcome: ReceiptOutcome, ...entries: readonly Entry[]): Promise<void> =>
      store.addReceipts(
        receiptsFor(outcome, { entries, invalidRows: [] }, { clock, newId, retentionMs }),
      ),
    /** The sweeper has closed all pages before this one. */
    closeUpTo: (page: Page) => store.advanceWatermark('closing', page, 4),
    /** What expiry leaves of the table, days late. */
    expire: (): void => {
      for (const row of memory.table.rows()) {
        const expiresAt = row[names.expiresAt] as number | undefined;
        if (expiresAt === undefined || expiresAt * 1000 > clock.now()) continue;
        memory.table.delete({ pk: row['pk'] as string, sk: row['sk'] as string });
      }
    },
    open: (from: ArchiveObjects = archive) => openArchive({ ...owner, archive: from }),
  };
}

/** Each line that Athena would see. */
export async function linesOf({ archive }: ArchiveWorld): Promise<ArchivedEntry[]> {
  const parts = [...archive.objects].filter(([key]) => key.endsWith('.ndjson.gz'));
  const entries = await Promise.all(
    parts.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, body]) => unpackEntries(body)),
  );
  return entries.flat();
}

export async function collect<T>(parts: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(...part);
  return all;
}
