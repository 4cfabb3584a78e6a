import { firstPageOf, hourAfter, hourOf, hourStart, type Hour } from '../table/archive.ts';
import type { Page } from '../table/keys.ts';
import { later, oldestPage } from '../table/page-times.ts';
import type { ArchiverPorts } from '../table/ports.ts';

/** How long before it expires an hour is archived, though the sweeper has not closed it: with what is known of it. */
const hasteMs = 24 * 60 * 60 * 1000;

/**
 * Whether an hour may be archived: `closed` by the sweeper's last look, or `expiring` before it had one;
 * `undefined` where there is time yet.
 */
export function ripenessOf(
  hour: Hour,
  {
    now,
    closedUpTo = '',
    retentionMs,
  }: { now: number; closedUpTo: Page | undefined; retentionMs: number },
): 'closed' | 'expiring' | undefined {
  if (firstPageOf(hourAfter(hour, 1)) <= closedUpTo) return 'closed';
  return hourStart(hour) <= now - retentionMs + hasteMs ? 'expiring' : undefined;
}

/**
 * The first hour that is not archived: where the last run came to. The first run begins with the retention,
 * whatever the table's creation time: a table that was restored, copied or imported holds entries from before it. In an
 * empty table that costs one read for each shard of each page, once.
 *
 * Hours that expired before they were archived are passed over, and that is said aloud.
 */
export async function startHour(ports: ArchiverPorts): Promise<Hour> {
  const { store, clock, retentionMs, log } = ports;
  const oldest = hourOf(oldestPage(clock.now(), retentionMs));
  const noted = (await store.readWatermark('archive'))?.page;
  if (noted === undefined) return oldest;
  const next = hourOf(noted);
  if (next < oldest)
    log.error('hours expired before they were archived', { from: next, to: oldest });
  return later(oldest, next);
}
