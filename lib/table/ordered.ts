import type { AuditNote } from './audit.ts';
import type { Row } from './entry.ts';
import type { Condition } from './inbox.ts';
import { padSequence, type Key } from './keys.ts';
import { shardOf, pickDefined } from '../core/collections.ts';

/** An aggregate as one ordered inbox sees it. */
export interface Place {
  readonly inbox: string;
  readonly aggregate: string;
}

/**
 * Where an ordered inbox is in an aggregate's history. It does not expire.
 *
 * Each change counts `version` up and is conditional on the one that was read, so that no two workers go on
 * from the same place.
 */
export interface Cursor {
  /** 0 where there is no row. */
  readonly version: number;
  /** The last sequence that was handled or passed. Absent: none yet, or it is to be found anew. */
  readonly sequence?: number;
  /** The event of that sequence. */
  readonly eventId?: string;
  /** When the cursor last moved, epoch milliseconds. */
  readonly movedAt?: number;
  /** The highest sequence that may be in the buffer; absent where nothing is. */
  readonly early?: number;
  /** The lowest sequence in the buffer, noted while there is no `sequence`. */
  readonly first?: number;
  /** When `first` is taken for the beginning, epoch milliseconds. */
  readonly adoptAt?: number;
  /** Sort key of the aggregate's row in the list of gaps; there is one as long as `early`. */
  readonly gap?: string;
  /** The sequence that was put back on the queue from the buffer, last. */
  readonly putBack?: number;
  /** When that was, epoch milliseconds. */
  readonly putBackAt?: number;
  readonly replay?: ReplayPosition;
}

/** How far the last replay of an aggregate came. */
export interface ReplayPosition {
  readonly id: string;
  /** The last sequence that was handled of it. */
  readonly sequence?: number;
  /** How far the cursor had come before; absent where the replay has come so far as well. */
  readonly reached?: number;
  /** Some of it were waited for in vain: what is missing is not waited for so long again. */
  readonly hasHoles?: true;
}

/** A message that came before its turn. */
export interface Buffered {
  readonly sequence: number;
  readonly eventId: string;
  /** The message as JSON text. Absent where it does not fit into a row: then it goes round the queue. */
  readonly message?: string;
  /** Its group in the queue, where it had one. */
  readonly group?: string;
  /** Epoch milliseconds. */
  readonly storedAt: number;
}

/** An aggregate of which messages wait for an earlier one. */
export interface Gap {
  readonly aggregate: string;
  /** When the first of them came, epoch milliseconds. */
  readonly since: number;
  readonly key: Key;
}

/** The environment variable that tells the function that checks gaps from the one that handles messages. */
export const gapCheckVariable = 'INBOX_GAP_CHECK';

/** Partitions that an inbox's list of gaps is spread over. */
const gapShards = 8;

const cursorSortKey = 'cursor';
const bufferedPrefix = 'b#';
const auditPrefix = 'audit#';

export function cursorKey(place: Place): Key {
  return { pk: partitionOf(place), sk: cursorSortKey };
}

export function bufferedKey(place: Place, sequence: number): Key {
  return { pk: partitionOf(place), sk: `${bufferedPrefix}${padSequence(sequence)}` };
}

/** The keys of what waits beyond a sequence, from the lowest on. */
export function bufferedBeyond(
  place: Place,
  sequence: number,
): { pk: string; from: string; to: string } {
  const { pk, sk } = bufferedKey(place, sequence + 1);
  return { pk, from: sk, to: `${bufferedPrefix}~` };
}

/** The partition keys of an inbox's list of gaps. In each they lie by time. */
export function gapPartitions(inbox: string): string[] {
  return Array.from({ length: gapShards }, (_, shard) => gapPartition(inbox, shard));
}

/** Where a gap's row lies in the list; `gap` is what the cursor says. */
export function gapKey({ inbox, aggregate }: Place, gap: string): Key {
  return { pk: gapPartition(inbox, shardOf(aggregate, gapShards)), sk: gap };
}

/** The sort key for a gap that opens at `now` (epoch milliseconds) with an event. */
export function newGap(now: number, eventId: string): string {
  return `${padSequence(now)}#${eventId}`;
}

export function cursorToRow(place: Place, cursor: Cursor): Row {
  return { ...cursorKey(place), ...cursor };
}

export function rowToCursor(row: Row | undefined): Cursor {
  return pickDefined<Cursor, keyof Cursor>({ version: 0, ...row }, [
    'version',
    'sequence',
    'eventId',
    'movedAt',
    'early',
    'first',
    'adoptAt',
    'gap',
    'putBack',
    'putBackAt',
    'replay',
  ]);
}

/** The condition on all that goes on from a cursor: it is unchanged since it was read. */
export function isUnchanged({ version }: Cursor): Partial<Condition> {
  return version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#version = :version',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':version': version },
      };
}

export function bufferedToRow(place: Place, buffered: Buffered): Row {
  return { ...bufferedKey(place, buffered.sequence), ...buffered };
}

export function rowToBuffered(row: Row): Buffered {
  return pickDefined(row as unknown as Buffered, [
    'sequence',
    'eventId',
    'message',
    'group',
    'storedAt',
  ]);
}

/** The condition on storing a message and on taking it out: no other event waits with its sequence. */
export function isFreeFor(eventId: string): Condition {
  const notTaken = 'attribute_not_exists(#eventId)';
  const takenByItself = '#eventId = :eventId';
  return {
    ConditionExpression: [notTaken, takenByItself].join(' OR '),
    ExpressionAttributeNames: { '#eventId': 'eventId' },
    ExpressionAttributeValues: { ':eventId': eventId },
  };
}

export function gapToRow(place: Place, gap: string): Row {
  return { ...gapKey(place, gap), aggregate: place.aggregate };
}

export function rowToGap(row: Row): Gap {
  const { pk, sk, aggregate } = row as unknown as Key & Place;
  return { aggregate, since: Number(sk.slice(0, sk.indexOf('#'))), key: { pk, sk } };
}

/** The row of what a person did to an aggregate, and why. It does not expire. */
export function auditToRow(place: Place, note: AuditNote): Row {
  return {
    pk: partitionOf(place),
    sk: `${auditPrefix}${padSequence(note.at)}#${note.id}`,
    ...note,
  };
}

/** The keys of what people did to an aggregate, by time. */
export function auditOf(place: Place): { pk: string; from: string; to: string } {
  return { pk: partitionOf(place), from: auditPrefix, to: `${auditPrefix}~` };
}

function partitionOf({ inbox, aggregate }: Place): string {
  return `o#${inbox}#${aggregate}`;
}

function gapPartition(inbox: string, shard: number): string {
  return `g#${inbox}#${shard}`;
}
