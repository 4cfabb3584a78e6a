import { pageStart, parsePageKey } from '../table/keys.ts';
import { hasSeenShard, type Watermark } from '../table/watermark.ts';
import type { Clock } from '../core/ports.ts';
import type { Notes } from '../table/store.ts';
import { keyOf } from './stream.ts';
import { graceMs } from '../table/page-times.ts';
import type { DynamoDBRecord } from './stream-event.ts';

const minuteMs = 60_000;

interface SweptPorts {
  readonly store: Pick<Notes, 'readWatermark'>;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * The records that the sweeper has not made up for.
 *
 * A trigger that was off for hours, or was replaced and begins with the oldest record, brings what the sweeper
 * has long delivered. What lies in a page before its watermark is settled, provided that the sweeper looked in its
 * shard, and that it was there when the sweeper looked: two minutes after the page at the earliest. Fresh records
 * cost no look.
 */
export async function withoutSwept(
  records: readonly DynamoDBRecord[],
  { store, clock }: SweptPorts,
): Promise<readonly DynamoDBRecord[]> {
  const sweptBefore = clock.now() - graceMs;
  if (records.every((record) => writtenAt(record) >= sweptBefore)) return records;
  const watermark = await store.readWatermark('missed');
  if (watermark === undefined) return records;
  return records.filter((record) => !wasSeen(record, watermark));
}

function wasSeen(record: DynamoDBRecord, watermark: Watermark): boolean {
  const place = parsePageKey(keyOf(record).pk);
  if (place === undefined || !hasSeenShard(watermark, place.page, place.shard)) return false;
  const lastSurelySeen = pageStart(place.page) + 2 * minuteMs;
  return writtenAt(record) <= lastSurelySeen;
}

/** Epoch milliseconds; a record that does not say so counts as just written. */
function writtenAt({ dynamodb }: DynamoDBRecord): number {
  return (dynamodb?.ApproximateCreationDateTime ?? Number.POSITIVE_INFINITY) * 1000;
}
