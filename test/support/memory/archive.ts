import { sortKeysSince } from '../../../lib/table/keys.ts';
import { lateKey, lateKeys, rowToLate } from '../../../lib/table/archive.ts';
import type { ArchiveObjects, LateEntries } from '../../../lib/table/stores.ts';
import { toRow } from '../../../lib/dynamodb/items.ts';
import { atOnce, type MemoryTable } from '../../../lib/testing/memory-table.ts';

/** An archive in memory, its objects open to whoever looks at them. */
export interface MemoryArchive extends ArchiveObjects {
  readonly objects: Map<string, Uint8Array>;
}

/** The archive in memory: a double for that of S3 which passes the same conformance suite. */
export function createMemoryArchive(): MemoryArchive {
  const objects = new Map<string, Uint8Array>();
  return {
    objects,
    put: (key, body) =>
      atOnce(() => {
        objects.set(key, body.slice());
      }),
    read: (key) =>
      atOnce(() => {
        const body = objects.get(key);
        if (body === undefined) throw Object.assign(new Error(key), { name: 'NoSuchKey' });
        return body.slice();
      }),
    list: (prefix, limit) =>
      atOnce(() =>
        [...objects.keys()]
          .filter((key) => key.startsWith(prefix))
          .toSorted()
          .slice(0, limit),
      ),
  };
}

/** Entries that left the waiting room late, in memory. */
export function createMemoryLateEntries(table: MemoryTable): LateEntries {
  return {
    listLate: async function* (before) {
      const { from: end } = sortKeysSince('', before);
      for (const pk of lateKeys) {
        const rows = await atOnce(() => table.query(pk).map(toRow));
        const late = rows.map(rowToLate).filter(({ entry }) => entry.id < end);
        if (late.length > 0) yield late;
      }
    },
    removeLate: (eventId) =>
      atOnce(() => {
        table.delete(lateKey(eventId));
      }),
  };
}
