import type { Entry, Row } from '../../contract/entry.ts';
import { matchesType } from '../../contract/event-types.ts';
import { bufferedKey, cursorKey, rowToBuffered, rowToCursor } from '../../contract/inbox-order.ts';
import { markerKey, remembersMessage } from '../../contract/inbox-rows.ts';
import type { Key } from '../../contract/keys.ts';
import type { ConsumerConfig } from '../../contract/reconciliation.ts';
import { reachedBy } from '../inbox/ordered/cursor.ts';
import type { TableReader } from './table-reader.ts';

/**
 * Which of the entries that an inbox was sent it does not know: it does not remember the message, nor, in order,
 * did it go on beyond it in the history of its aggregate, nor does it keep it until its turn comes.
 */
export async function unknownTo(
  consumer: ConsumerConfig,
  entries: readonly Entry[],
  { reader, now }: { reader: TableReader; now: number },
): Promise<Entry[]> {
  const { inbox, tableName } = consumer;
  const rowsAt = (keys: readonly Key[]): Promise<Rows> => readAt(keys, { tableName, reader });
  const taken = entries.filter(({ type }) => isFor(consumer, type));
  const marker = ({ id }: Entry): Key => markerKey({ inbox, eventId: id });
  const markers = await rowsAt(taken.map(marker));
  const unmarked = taken.filter((entry) => !remembersMessage(markers.at(marker(entry)), now));

  const cursor = ({ aggregate }: Entry): Key => cursorKey({ inbox, aggregate });
  const cursors = await rowsAt(unmarked.filter(hasSequence).map(cursor));
  const notReached = unmarked.filter((entry) => {
    const reached = reachedBy(rowToCursor(cursors.at(cursor(entry))));
    return !hasSequence(entry) || reached < entry.sequence;
  });

  const place = ({ aggregate, sequence }: Sequenced): Key =>
    bufferedKey({ inbox, aggregate }, sequence);
  const hasCursor = (entry: Entry): boolean => cursors.at(cursor(entry)) !== undefined;
  const buffered = await rowsAt(notReached.filter(hasCursor).filter(hasSequence).map(place));
  return notReached.filter((entry) => {
    const row = hasSequence(entry) ? buffered.at(place(entry)) : undefined;
    return row === undefined || rowToBuffered(row).eventId !== entry.id;
  });
}

function isFor({ sent, types }: ConsumerConfig, type: string): boolean {
  return matchesType(sent, type) && matchesType(types, type);
}

type Sequenced = Entry & { readonly sequence: number };

function hasSequence(entry: Entry): entry is Sequenced {
  return entry.sequence !== undefined;
}

/** Rows that were read, by key. */
interface Rows {
  at(key: Key): Row | undefined;
}

async function readAt(
  keys: readonly Key[],
  { tableName, reader }: { tableName: string; reader: TableReader },
): Promise<Rows> {
  const distinct = [...new Map(keys.map((key) => [nameOf(key), key])).values()];
  const rows = await reader.readRows(tableName, distinct);
  const found = new Map(rows.map((row) => [nameOf(row as unknown as Key), row]));
  return { at: (key) => found.get(nameOf(key)) };
}

function nameOf({ pk, sk }: Key): string {
  return `${pk}\n${sk}`;
}
