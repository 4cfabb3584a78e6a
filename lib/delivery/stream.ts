import type { Clock } from '../core/ports.ts';
import { toRow, type Item } from '../dynamodb/items.ts';
import { isInvalidEntry, rowToEntry, type Entry } from '../table/entry.ts';
import { entryPrefix, pageStart, parsePageKey, type Key } from '../table/keys.ts';
import { graceMs } from '../table/page-times.ts';
import type { InvalidPageRow, Notes } from '../table/stores.ts';
import { hasSeenShard, type Watermark } from '../table/sweep-notes.ts';

// What the relay reads of the event that Lambda makes of a stream's records. `@types/aws-lambda` fits, and is not
// needed: its types declare a global, which would come along with the types of `cdk-outbox/testing`.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html

/** A batch of records of a table's stream. */
export interface DynamoDBStreamEvent {
  Records: DynamoDBRecord[];
}

/** One change of one row. */
export interface DynamoDBRecord {
  eventName?: 'INSERT' | 'MODIFY' | 'REMOVE' | undefined;
  dynamodb?: StreamRecord | undefined;
}

/** What changed. Attributes are in DynamoDB's JSON: `{ "S": "text" }`. */
export interface StreamRecord {
  /** Epoch seconds. */
  ApproximateCreationDateTime?: number | undefined;
  Keys?: Record<string, StreamAttribute> | undefined;
  NewImage?: Record<string, StreamAttribute> | undefined;
  OldImage?: Record<string, StreamAttribute> | undefined;
  SequenceNumber?: string | undefined;
}

/** A value by its DynamoDB type; binary values are in Base64. */
export interface StreamAttribute {
  B?: string | undefined;
  BS?: string[] | undefined;
  BOOL?: boolean | undefined;
  L?: StreamAttribute[] | undefined;
  M?: Record<string, StreamAttribute> | undefined;
  N?: string | undefined;
  NS?: string[] | undefined;
  NULL?: boolean | undefined;
  S?: string | undefined;
  SS?: string[] | undefined;
}

/** The records from which on Lambda brings the batch again; none if all of it is settled. */
export interface DynamoDBBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** What a stream record means to the relay. */
export type Decoded =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'invalid'; readonly row: InvalidPageRow }
  /** Not the relay's: a receipt, a waiting row, an expiry. */
  | { readonly kind: 'foreign' }
  /** An entry whose image the stream does not carry. The sweeper reads it from the table. */
  | { readonly kind: 'imageless'; readonly key: Key };

/**
 * Reads a stream record. Never throws: a record that crashes the relay would block its shard.
 *
 * The stream's filter lets only new entries through; this is the second line, for tables whose
 * trigger somebody changed.
 */
export function decodeRecord(record: DynamoDBRecord): Decoded {
  const { eventName, dynamodb } = record;
  const key = keyOfRecord(record);
  if (eventName !== 'INSERT' || !key.sk.startsWith(entryPrefix)) return { kind: 'foreign' };
  const image = dynamodb?.NewImage as Item | undefined;
  if (image === undefined) return { kind: 'imageless', key };
  const entry = rowToEntry(toRow(image));
  return isInvalidEntry(entry)
    ? { kind: 'invalid', row: { ...entry, key, json: JSON.stringify(image) } }
    : { kind: 'entry', entry };
}

/** The key of the row that a record is about; empty where it has none. */
export function keyOfRecord({ dynamodb }: DynamoDBRecord): Key {
  const { pk, sk } = dynamodb?.Keys ?? {};
  return { pk: pk?.S ?? '', sk: sk?.S ?? '' };
}

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
  const place = parsePageKey(keyOfRecord(record).pk);
  if (place === undefined || !hasSeenShard(watermark, place.page, place.shard)) return false;
  const lastSurelySeen = pageStart(place.page) + 2 * minuteMs;
  return writtenAt(record) <= lastSurelySeen;
}

/** Epoch milliseconds; a record that does not say so counts as just written. */
function writtenAt({ dynamodb }: DynamoDBRecord): number {
  return (dynamodb?.ApproximateCreationDateTime ?? Number.POSITIVE_INFINITY) * 1000;
}
