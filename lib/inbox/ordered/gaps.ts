import { pickDefined } from '../../core/collections.ts';
import { commit } from '../../dynamodb/transaction.ts';
import { rowToAudit, type AuditNote } from '../../table/audit.ts';
import {
  auditOf,
  auditToRow,
  bufferedBeyond,
  gapPartitions,
  rowToBuffered,
  rowToGap,
  type Buffered,
  type Cursor,
  type Gap,
  type Place,
} from '../../table/ordered.ts';
import { passed, reachedBy } from './cursor.ts';
import {
  moveActions,
  readCursor,
  type HistoryPorts,
  type Range,
  type ReadRange,
} from './history.ts';
import { putBackNext, type PutBackPorts } from './put-back.ts';

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

/** Dependencies of an operator's changes, in addition to those of reading. */
export interface PassPorts extends GapPorts, PutBackPorts {}

/** What is known of an aggregate that an ordered inbox handles. */
export interface Standing {
  readonly aggregate: string;
  readonly cursor: Cursor;
  /** The lowest that waits, without its message; absent where nothing does. */
  readonly lowest?: Omit<Buffered, 'message'>;
  /** The sequences that are passed over by {@link pass}: those missing, or the next one where it is not. */
  readonly inTheWay?: { readonly from: number; readonly to: number };
}

/** A standing with how long it has been so, in milliseconds. */
export interface OpenGap extends Standing {
  readonly ageMs: number;
}

const readAtOnce = 10;

/** The gaps that are open, those for longest first: up to so many of each of 8 partitions. */
export async function readGaps(limit: number, ports: GapPorts): Promise<OpenGap[]> {
  const open: OpenGap[] = [];
  const gaps = (await listGaps(limit, ports)).values();
  const read = async (): Promise<void> => {
    for (const gap of gaps) {
      const standing = await readStanding(gap.aggregate, ports);
      if (standing.cursor.gap !== gap.key.sk) continue;
      open.push({ ...standing, ageMs: await ageOf(gap, standing.cursor, ports) });
    }
  };
  await Promise.all(Array.from({ length: readAtOnce }, read));
  return open.toSorted((a, b) => b.ageMs - a.ageMs);
}

/** Where an inbox stands in an aggregate's history. */
export async function readStanding(aggregate: string, ports: GapPorts): Promise<Standing> {
  const place = { inbox: ports.config.name, aggregate };
  const cursor = await readCursor(place, ports);
  const lowest = await readLowest(place, cursor.sequence ?? 0, ports);
  if (lowest === undefined) return { aggregate, cursor };
  const next = (cursor.sequence ?? 0) + 1;
  return {
    aggregate,
    cursor,
    lowest: pickDefined(lowest, ['sequence', 'eventId', 'group', 'storedAt']),
    inTheWay: { from: next, to: Math.max(next, lowest.sequence - 1) },
  };
}

const mostNotes = 100;

/** What people did to an aggregate, the first first. */
export async function readAudit(
  aggregate: string,
  { config, readRange }: GapPorts,
): Promise<AuditNote[]> {
  const range = auditOf({ inbox: config.name, aggregate });
  return (await readRange(config.tableName, { ...range, limit: mostNotes })).map(rowToAudit);
}

/** Whether an aggregate has no place in its history yet: it began before the inbox did, or is replayed. */
export function isUnplaced({ cursor }: Standing): boolean {
  return cursor.sequence === undefined && reachedBy(cursor) === 0;
}

/** What came of passing over what is in the way; `changed`: somebody else moved the cursor meanwhile. */
export type Passed = 'passed' | 'changed' | 'nothing waits';

/**
 * Passes over what is in the way of an aggregate's waiting messages, on the record: it is not handled any more,
 * also where it comes after all. What waits next is put back on the queue.
 *
 * @param standing what was looked at: nothing is passed over that was not seen
 */
export async function pass(
  standing: Standing,
  audit: AuditNote,
  ports: PassPorts,
): Promise<Passed> {
  const { cursor: before, inTheWay, lowest } = standing;
  if (inTheWay === undefined || lowest === undefined) return 'nothing waits';
  const place: Place = { inbox: ports.config.name, aggregate: standing.aggregate };
  const after = passed(before, { sequence: inTheWay.to, now: ports.clock.now() });
  const given = lowest.sequence === inTheWay.to ? lowest : undefined;
  const actions = [
    ...moveActions({ place, before, after }, given, ports),
    { Put: { TableName: ports.config.tableName, Item: auditToRow(place, audit) } },
  ];
  const result = await commit(ports.transactor, actions, ports);
  if (result.status !== 'committed') return 'changed';
  await putBackNext(place, after, ports);
  return 'passed';
}
