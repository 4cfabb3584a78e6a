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

/** The message that waits of an aggregate with the lowest sequence beyond one. */
export async function readLowest(
  place: Place,
  beyond: number,
  { config, readRange }: GapPorts,
): Promise<Buffered | undefined> {
  const range = bufferedBeyond(place, beyond);
  const [row] = await readRange(config.tableName, { ...range, limit: 1 });
  return row && rowToBuffered(row);
}

/**
 * How long an aggregate has stood still while messages of it wait, in milliseconds. Where it is replayed: how long
 * new messages have waited for the end of that.
 */
export async function ageOf(gap: Gap, cursor: Cursor, ports: GapPorts): Promise<number> {
  const { since, aggregate } = gap;
  const stoodSince = Math.max(since, cursor.movedAt ?? 0);
  const place = { inbox: ports.config.name, aggregate };
  const reached = cursor.replay?.reached;
  const held = reached === undefined ? undefined : await readLowest(place, reached, ports);
  return Math.max(0, ports.clock.now() - (held?.storedAt ?? stoodSince));
}
