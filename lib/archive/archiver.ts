import { firstPageOf, hourAfter } from '../table/archive.ts';
import { pageStart, type Page } from '../table/keys.ts';
import { archiveGauges } from '../core/outbox-metrics.ts';
import type { Invocation } from '../delivery/relay.ts';
import { archiveHour } from './hour.ts';
import { archiveLate } from './late.ts';
import type { ArchiverPorts } from '../table/ports.ts';
import { ripenessOf, startHour } from './ripe.ts';

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
    const ripeness = ripenessOf(hour, { now: clock.now(), closedUpTo, retentionMs });
    if (ripeness === undefined) break;
    entries += await archiveHour({ hour, closed: ripeness === 'closed' }, ports);
    hour = hourAfter(hour, 1);
    hours += 1;
    await store.advanceWatermark('archive', firstPageOf(hour), ports.shards);
  }
  return { hours, entries, archivedUpTo: firstPageOf(hour) };
}
