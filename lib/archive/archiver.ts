import { groupBy } from '../core/collections.ts';
import { inParallel } from '../core/concurrency.ts';
import { archiveGauges } from '../core/metrics.ts';
import type { Invocation } from '../delivery/relay.ts';
import {
  firstPageOf,
  hourAfter,
  hourOf,
  hourPrefix,
  hourStart,
  lateName,
  manifestName,
  toArchiveLine,
  type ArchivedLate,
  type Hour,
  type SettledAfterArchive,
} from '../table/archive.ts';
import { pageOf, pageStart, timeOfId, type Page } from '../table/keys.ts';
import { later, oldestPage } from '../table/page-times.ts';
import type { ArchiverPorts } from '../table/stores.ts';
import { archiveHour, checkOwner, putManifest } from './hour.ts';
import { packLines, putVerified, readManifest } from './objects.ts';

/** What one run of the archiver did. */
export interface ArchiveReport {
  readonly hours: number;
  readonly entries: number;
  /** Entries that left the waiting room after their hours were archived. */
  readonly late: number;
  /** The first page that is not archived; absent where another run is at work. */
  readonly archivedUpTo?: Page;
  /** `taken`: another run is at work. `out of time`: the next one goes on from there. */
  readonly ended: 'done' | 'out of time' | 'taken';
}

export type Archiver = (invocation: Invocation) => Promise<ArchiveReport>;

/** Nothing new is begun after this share of a run's time: the last hour has the rest. */
const timeShare = 0.5;
/** Whose lease it is among those on pages: one archiver works at a time. */
const leaseName = 'archive';

/**
 * Copies pages to the archive, hour by hour, once nothing comes to them any more and before they expire.
 *
 * Guarantee: the watermark passes an hour when all that the table held of it was written, and read back. A run
 * that dies is repeated; of two at once one does nothing. Delivery never depends on any of it. Where it ends: an
 * hour must be archived within one run of at most 15 minutes, which holds for some thousand entries a second.
 */
export function createArchiver(given: ArchiverPorts): Archiver {
  return async (invocation) => {
    const { store, clock, newId, log } = given;
    const now = clock.now();
    const lastsMs = invocation.getRemainingTimeInMillis();
    const lease = { page: leaseName, holder: newId(now), now, until: now + lastsMs };
    if ((await store.leasePage(lease)) === undefined) {
      return { hours: 0, entries: 0, late: 0, ended: 'taken' };
    }
    try {
      const report = await archiveAll(given, now + lastsMs * timeShare);
      log.info('archived', { ...report });
      return report;
    } finally {
      await store.releasePage(lease);
    }
  };
}

async function archiveAll(given: ArchiverPorts, deadline: number): Promise<ArchiveReport> {
  const { store, clock, meter } = given;
  const ports = { ...given, shards: await store.noteShards(given.shards) };
  const isOver = (): boolean => clock.now() >= deadline;
  const walked = await archiveHours(ports, isOver);
  const { archivedUpTo } = walked;
  const late = await archiveLate({ before: archivedUpTo, isOver }, ports);
  meter.time(archiveGauges.unarchived, clock.now() - pageStart(archivedUpTo));
  return { ...walked, late, ended: isOver() ? 'out of time' : 'done' };
}

async function archiveHours(
  ports: ArchiverPorts,
  isOver: () => boolean,
): Promise<{ hours: number; entries: number; archivedUpTo: Page }> {
  const { store, clock, retentionMs } = ports;
  const closedUpTo = (await store.readWatermark('closing'))?.page;
  let hour = await startHour(ports);
  let [hours, entries] = [0, 0];
  while (!isOver()) {
    const ripeness = isReadyToArchive(hour, { now: clock.now(), closedUpTo, retentionMs });
    if (ripeness === undefined) break;
    entries += await archiveHour({ hour, closed: ripeness === 'closed' }, ports);
    hour = hourAfter(hour, 1);
    hours += 1;
    await store.advanceWatermark('archive', firstPageOf(hour), ports.shards);
  }
  return { hours, entries, archivedUpTo: firstPageOf(hour) };
}

/** How long before it expires an hour is archived, though the sweeper has not closed it: with what is known of it. */
const expiryLeadMs = 24 * 60 * 60 * 1000;

/**
 * Whether an hour may be archived: `closed` by the sweeper's last look, or `expiring` before it had one;
 * `undefined` where there is time yet.
 */
function isReadyToArchive(
  hour: Hour,
  {
    now,
    closedUpTo = '',
    retentionMs,
  }: { now: number; closedUpTo: Page | undefined; retentionMs: number },
): 'closed' | 'expiring' | undefined {
  if (firstPageOf(hourAfter(hour, 1)) <= closedUpTo) return 'closed';
  return hourStart(hour) <= now - retentionMs + expiryLeadMs ? 'expiring' : undefined;
}

/**
 * The first hour that is not archived: where the last run came to. The first run begins with the retention,
 * not with the table's creation time: a table that was restored, copied or imported holds entries from before it. In an
 * empty table that costs one read for each shard of each page, once.
 *
 * Hours that expired before they were archived are passed over, and that is said aloud.
 */
async function startHour(ports: ArchiverPorts): Promise<Hour> {
  const { store, clock, retentionMs, log } = ports;
  const oldest = hourOf(oldestPage(clock.now(), retentionMs));
  const noted = (await store.readWatermark('archive'))?.page;
  if (noted === undefined) return oldest;
  const next = hourOf(noted);
  if (next < oldest)
    log.error('hours expired before they were archived', { from: next, to: oldest });
  return later(oldest, next);
}

const parallelObjects = 16;

/**
 * Archives what left the waiting room after its hour was archived, each entry as an object of its own: there are few.
 * The hour's manifest then names it with its checksum, and only then the table forgets it. What a run had written when it
 * died is written again by the next. Returns how many there were.
 */
async function archiveLate(
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
  entries: readonly SettledAfterArchive[],
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
  checkOwner(folder, manifest, table);
  const late = new Map([...(manifest.late ?? []), ...written].map((one) => [one.name, one]));
  await putManifest(folder, { ...manifest, late: [...late.values()] }, ports);
  await inParallel(entries, parallelObjects, ({ entry }) => store.removeLate(entry.id));
}
