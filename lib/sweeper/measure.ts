import { pageOf, pageStart, type Page } from '../table/keys.ts';
import { outboxGauges } from '../core/outbox-metrics.ts';
import type { SweepReport } from '../table/sweep-report.ts';
import { graceMs } from '../table/page-times.ts';
import type { SweepPorts } from './ports.ts';

/** What a sweep measures for alarms and people. */
export type Measures = Pick<SweepReport, 'unsettledMs' | 'parked'>;

/**
 * How long an entry is tried without anybody's noticing: longer than its attempts take by default. What is tried
 * for longer waits for a destination that cannot be reached.
 */
const retryingUnnoticedMs = 2 * 3_600_000;

/** Measures and tells what needs a person, or will. */
export async function measure({ store, clock, meter }: SweepPorts): Promise<Measures> {
  const now = clock.now();
  const unsettledMs = Math.max(
    ageOf((await store.readWatermark('missed'))?.page, now),
    await retryingForMs(now, store),
  );
  const parked = await store.countWaiting('parked');
  meter.time(outboxGauges.oldestUnsettled, unsettledMs);
  meter.count(outboxGauges.parked, parked);
  return { unsettledMs, parked };
}

/** The age of the first page that is not known to be settled, if it is not the relay's alone. */
function ageOf(firstUnsettled: Page | undefined, now: number): number {
  if (firstUnsettled === undefined || firstUnsettled >= pageOf(now - graceMs)) return 0;
  return now - pageStart(firstUnsettled);
}

/**
 * For how long an entry has been tried, where that is longer than usual; else 0.
 *
 * Looks at the first rows that the index lists alone: where many wait for a destination, they wait alike.
 */
async function retryingForMs(now: number, store: SweepPorts['store']): Promise<number> {
  for await (const rows of store.listWaiting('retrying', Number.MAX_SAFE_INTEGER)) {
    const waited = rows.map(({ firstTriedAt = now }) => now - firstTriedAt);
    const longest = Math.max(...waited, 0);
    return longest >= retryingUnnoticedMs ? longest : 0;
  }
  return 0;
}
