import {
  bufferedBeyond,
  gapPartitions,
  rowToBuffered,
  rowToGap,
  type Buffered,
  type Cursor,
  type Gap,
  type Place,
} from '../../table/ordered.ts';
import type { HistoryPorts } from './history.ts';
import type { Range, ReadRange } from './read-range.ts';

/** What looking for gaps takes. */
export interface GapPorts extends HistoryPorts {
  readonly readRange: ReadRange;
}

/** The aggregates of which messages wait: those that have waited longest, up to so many of each partition. */
export async function listGaps(limit: number, ports: GapPorts): Promise<Gap[]> {
  const { value = [] } = await pagesOfGaps(limit, ports).next();
  return value;
}

/** All aggregates of which messages wait, in pages of up to so many of each partition: those that wait longest first. */
export async function* pagesOfGaps(
  limit: number,
  { config, readRange }: GapPorts,
): AsyncGenerator<Gap[], undefined> {
  let ranges = gapPartitions(config.name).map((pk) => ({ pk, from: '0', to: '~', limit }));
  while (ranges.length > 0) {
    const lists = await Promise.all(ranges.map((range) => readRange(config.tableName, range)));
    const gaps = lists.map((rows) => rows.map(rowToGap));
    yield gaps.flat().toSorted((a, b) => a.since - b.since);
    ranges = gaps.filter(({ length }) => length === limit).map((list) => behind(list, limit));
  }
  return undefined;
}

/** What comes behind the last of a list in its partition. */
function behind(list: readonly Gap[], limit: number): Range {
  const { pk = '', sk = '' } = list.at(-1)?.key ?? {};
  return { pk, from: `${sk} `, to: '~', limit };
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
