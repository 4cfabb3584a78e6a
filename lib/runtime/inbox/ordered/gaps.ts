import {
  bufferedBeyond,
  gapPartitions,
  rowToBuffered,
  rowToGap,
  type Buffered,
  type Cursor,
  type Gap,
  type Place,
} from '../../../contract/inbox-order.ts';
import type { HistoryPorts } from './history.ts';
import type { ReadRange } from './read-range.ts';

/** What looking for gaps takes. */
export interface GapPorts extends HistoryPorts {
  readonly readRange: ReadRange;
}

/** The aggregates of which messages wait: those that have waited longest, up to so many of each partition. */
export async function listGaps(limit: number, { config, readRange }: GapPorts): Promise<Gap[]> {
  const lists = await Promise.all(
    gapPartitions(config.name).map((pk) =>
      readRange(config.tableName, { pk, from: '0', to: '~', limit }),
    ),
  );
  return lists
    .flat()
    .map(rowToGap)
    .toSorted((a, b) => a.since - b.since);
}

/** What waits of an aggregate beyond where its cursor is, from the lowest sequence on. */
export async function readWaiting(
  place: Place,
  { cursor, limit }: { cursor: Cursor; limit: number },
  { config, readRange }: GapPorts,
): Promise<Buffered[]> {
  const range = bufferedBeyond(place, cursor.sequence ?? 0);
  const rows = await readRange(config.tableName, { ...range, limit });
  return rows.map(rowToBuffered);
}

/** How long an aggregate has stood still while messages of it wait, in milliseconds. */
export function ageOf({ since }: Gap, { movedAt = 0 }: Cursor, now: number): number {
  return Math.max(0, now - Math.max(since, movedAt));
}
