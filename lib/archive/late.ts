import {
  hourOf,
  hourPrefix,
  lateName,
  manifestName,
  type ArchivedLate,
  type Hour,
} from '../table/archive.ts';
import { toArchiveLine } from '../table/archive-line.ts';
import { groupBy } from '../core/group-by.ts';
import type { LateEntry } from '../table/late.ts';
import { pageOf, pageStart, timeOfId, type Page } from '../table/keys.ts';
import { inParallel } from '../core/in-parallel.ts';
import { checkTable, putManifest } from './hour.ts';
import { packLines, putVerified } from './object.ts';
import { readManifest } from './open-hour.ts';
import type { ArchiverPorts } from '../table/ports.ts';

const parallelObjects = 16;

/**
 * Archives what left the waiting room after its hour was archived, each entry as an object of its own: there are few.
 * The hour's manifest then names it with its checksum, and only then the table forgets it. What a run had written when it
 * died is written again by the next. Returns how many there were.
 */
export async function archiveLate(
  { before, isOver }: { before: Page; isOver: () => boolean },
  ports: ArchiverPorts,
): Promise<number> {
  let archived = 0;
  for await (const entries of ports.store.listLate(pageStart(before))) {
    const byHour = groupBy(entries, ({ entry }) => hourOf(pageOf(timeOfId(entry.id))));
    for (const [hour, late] of byHour) {
      if (isOver()) return archived;
      await archiveLateOf(hour, late, ports);
      archived += late.length;
    }
  }
  return archived;
}

async function archiveLateOf(
  hour: Hour,
  entries: readonly LateEntry[],
  ports: ArchiverPorts,
): Promise<void> {
  const { archive, store, tableName: table } = ports;
  const folder = hourPrefix(ports, hour);
  const written = await inParallel(entries, parallelObjects, async (one): Promise<ArchivedLate> => {
    const name = lateName(one.entry.id);
    const body = await packLines([toArchiveLine(one)]);
    return { name, sha256: await putVerified(archive, `${folder}${name}`, body) };
  });
  const [there] = await archive.list(`${folder}${manifestName}`, 1);
  // An hour without entries has none yet.
  const manifest =
    there === undefined
      ? { hour, table, closed: true, parts: [] }
      : await readManifest(folder, archive);
  checkTable(folder, manifest, table);
  const late = new Map([...(manifest.late ?? []), ...written].map((one) => [one.name, one]));
  await putManifest(folder, { ...manifest, late: [...late.values()] }, ports);
  await inParallel(entries, parallelObjects, ({ entry }) => store.removeLate(entry.id));
}
