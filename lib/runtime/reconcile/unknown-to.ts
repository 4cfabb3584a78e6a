import type { Entry, Row } from '../../contract/entry.ts';
import { matchesType } from '../../contract/event-types.ts';
import { cursorKey, rowToCursor } from '../../contract/inbox-order.ts';
import { markerKey, remembersMessage } from '../../contract/inbox-rows.ts';
import type { Key } from '../../contract/keys.ts';
import type { ConsumerConfig } from '../../contract/reconciliation.ts';
import type { TableReader } from './table-reader.ts';

/**
 * Which of the entries that an inbox was sent it does not know: it remembers neither the message nor, in order,
 * that the history of its aggregate went on beyond it.
 */
export async function unknownTo(
  consumer: ConsumerConfig,
  entries: readonly Entry[],
  { reader, now }: { reader: TableReader; now: number },
): Promise<Entry[]> {
  const { inbox, tableName, types } = consumer;
  const sent = entries.filter(({ type }) => matchesType(types, type));
  const markers = byKey(
    await reader.readRows(
      tableName,
      sent.map(({ id }) => markerKey({ inbox, eventId: id })),
    ),
  );
  const unmarked = sent.filter(({ id }) => {
    const marker = markers.get(nameOf(markerKey({ inbox, eventId: id })));
    return !remembersMessage(marker, now);
  });
  const aggregates = new Set(
    unmarked.flatMap(({ sequence, aggregate }) => (sequence === undefined ? [] : [aggregate])),
  );
  const cursors = byKey(
    await reader.readRows(
      tableName,
      [...aggregates].map((aggregate) => cursorKey({ inbox, aggregate })),
    ),
  );
  return unmarked.filter(({ sequence = Infinity, aggregate }) => {
    const cursor = rowToCursor(cursors.get(nameOf(cursorKey({ inbox, aggregate }))));
    return (cursor.sequence ?? 0) < sequence;
  });
}

function byKey(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [nameOf(row as unknown as Key), row]));
}

function nameOf({ pk, sk }: Key): string {
  return `${pk}\n${sk}`;
}
