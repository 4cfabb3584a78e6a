import { isInvalidEntry, rowToEntry, type Entry } from '../table/entry.ts';
import { entryPrefix, type Key } from '../table/keys.ts';
import { toRow, type Item } from '../dynamodb/item.ts';
import type { InvalidPageRow } from '../table/store.ts';
import type { DynamoDBRecord } from './stream-event.ts';

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
  const key = keyOf(record);
  if (eventName !== 'INSERT' || !key.sk.startsWith(entryPrefix)) return { kind: 'foreign' };
  const image = dynamodb?.NewImage as Item | undefined;
  if (image === undefined) return { kind: 'imageless', key };
  const entry = rowToEntry(toRow(image));
  return isInvalidEntry(entry)
    ? { kind: 'invalid', row: { ...entry, key, json: JSON.stringify(image) } }
    : { kind: 'entry', entry };
}

/** The key of the row that a record is about; empty where it has none. */
export function keyOf({ dynamodb }: DynamoDBRecord): Key {
  const { pk, sk } = dynamodb?.Keys ?? {};
  return { pk: pk?.S ?? '', sk: sk?.S ?? '' };
}
