import type { Entry, Row } from '../table/entry.ts';
import { matchesType } from '../core/event-types.ts';
import { bufferedKey, cursorKey, rowToBuffered, rowToCursor } from '../table/ordered.ts';
import { markerKey, remembersMessage } from '../table/inbox.ts';
import type { Key } from '../table/keys.ts';
import type { ConsumerConfig } from '../table/reconciliation.ts';
import { inParallel } from '../core/concurrency.ts';
import { reachedBy } from '../inbox/ordered/cursor.ts';
import type { TableReader } from './read.ts';

/**
 * Which of the entries that an inbox was sent it does not know: it does not remember the message, not even as one of
 * a replay; nor, in order, did it go on beyond it in the history of its aggregate, nor keeps it until its turn comes.
 *
 * An inbox that takes events in order now may have done otherwise before, and the other way round: all is looked at.
 */
export async function unknownTo(
  consumer: ConsumerConfig,
  entries: readonly Entry[],
  ports: { reader: TableReader; now: number },
): Promise<Entry[]> {
  const inbox = { ...consumer, ...ports };
  const taken = entries.filter((entry) => isFor(consumer, entry));
  const unmarked = await withoutMarker(taken, inbox);
  const ahead = await notReached(unmarked, inbox);
  const absent = await notBuffered(ahead, inbox);
  return notReplayed(absent, inbox);
}

interface LookedInto extends ConsumerConfig {
  readonly reader: TableReader;
  readonly now: number;
}

function isFor({ sent, types, isOrdered = false }: ConsumerConfig, entry: Entry): boolean {
  const isTaken = matchesType(sent, entry.type) && matchesType(types, entry.type);
  return isTaken && (!isOrdered || hasSequence(entry));
}

async function withoutMarker(entries: readonly Entry[], inbox: LookedInto): Promise<Entry[]> {
  const marker = ({ id }: Entry): Key => markerKey({ inbox: inbox.inbox, eventId: id });
  const markers = await readAt(entries.map(marker), inbox);
  return entries.filter((entry) => !remembersMessage(markers.at(marker(entry)), inbox.now));
}

async function notReached(entries: readonly Entry[], inbox: LookedInto): Promise<Entry[]> {
  const cursor = ({ aggregate }: Entry): Key => cursorKey({ inbox: inbox.inbox, aggregate });
  const cursors = await readAt(entries.filter(hasSequence).map(cursor), inbox);
  return entries.filter((entry) => {
    const reached = reachedBy(rowToCursor(cursors.at(cursor(entry))));
    return !hasSequence(entry) || reached < entry.sequence;
  });
}

async function notBuffered(entries: readonly Entry[], inbox: LookedInto): Promise<Entry[]> {
  const place = ({ aggregate, sequence }: Sequenced): Key =>
    bufferedKey({ inbox: inbox.inbox, aggregate }, sequence);
  const buffered = await readAt(entries.filter(hasSequence).map(place), inbox);
  return entries.filter((entry) => {
    const row = hasSequence(entry) ? buffered.at(place(entry)) : undefined;
    return row === undefined || rowToBuffered(row).eventId !== entry.id;
  });
}

const readAtOnce = 10;

/** The markers of a message, those of its replays included, lie in one partition. */
async function notReplayed(entries: readonly Entry[], inbox: LookedInto): Promise<Entry[]> {
  const { reader, tableName, now } = inbox;
  const known = await inParallel(entries, readAtOnce, async ({ id }) => {
    const { pk } = markerKey({ inbox: inbox.inbox, eventId: id });
    return (await reader.readPartition(tableName, pk)).some((row) => remembersMessage(row, now));
  });
  return entries.filter((_, index) => known[index] !== true);
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

/** An event that was delivered, and an inbox that does not know it. */
export interface Unknown {
  readonly entry: Entry;
  readonly consumer: ConsumerConfig;
}
