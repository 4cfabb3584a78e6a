import { hourOf, hourPrefix, lateName } from '../../contract/archive.ts';
import { toArchiveLine } from '../../contract/archive-line.ts';
import type { LateEntry } from '../../contract/late.ts';
import { pageOf, pageStart, timeOfId, type Page } from '../../contract/keys.ts';
import { inParallel } from '../../runtime/in-parallel.ts';
import { packLines, putVerified } from './object.ts';
import type { ArchiverPorts } from './ports.ts';

const parallelObjects = 16;

/**
 * Archives what left the waiting room after its hour was archived, each entry as an object of its own: there
 * are few, and one that a run had just written when it died is written over by the next. Answers with how
 * many there were.
 */
export async function archiveLate(
  { before, isOver }: { before: Page; isOver: () => boolean },
  ports: ArchiverPorts,
): Promise<number> {
  let archived = 0;
  for await (const entries of ports.store.listLate(pageStart(before))) {
    if (isOver()) break;
    await inParallel(entries, parallelObjects, (one) => archiveOne(one, ports));
    archived += entries.length;
  }
  return archived;
}

async function archiveOne(late: LateEntry, ports: ArchiverPorts): Promise<void> {
  const { id } = late.entry;
  const hour = hourOf(pageOf(timeOfId(id)));
  const key = `${hourPrefix(ports, hour)}${lateName(id)}`;
  await putVerified(ports.archive, key, await packLines([toArchiveLine(late)]));
  await ports.store.removeLate(id);
}
