import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from '../../lib/delivery/stream.ts';

import { entryToRow, type Entry, type Row } from '../../lib/table/entry.ts';
import type { Key } from '../../lib/table/keys.ts';
import type { DestinationAdapter, Outgoing, Reply } from '../../lib/delivery/destination.ts';
import type { Log, Meter, NewId } from '../../lib/core/ports.ts';

export const retentionMs = 14 * 24 * 60 * 60 * 1000;
export const shards = 4;

/** Event ids that count up: UUIDv7 of the moment given. */
export function countingIds(): NewId {
  let count = 0;
  return (epochMs) => {
    const time = epochMs.toString(16).padStart(12, '0');
    const serial = (++count).toString(16).padStart(12, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${serial}`;
  };
}

export function entryOf(id: string, over: Partial<Entry> = {}): Entry {
  return {
    id,
    type: 'order.placed',
    version: 1,
    aggregate: 'order/1',
    data: '{"total":1}',
    ...over,
  };
}

/** What the stream says of a new row. */
export function insertOf(row: Row): DynamoDBRecord {
  const image = marshall(row) as NonNullable<DynamoDBRecord['dynamodb']>['NewImage'];
  const { pk, sk } = row as unknown as Key;
  return {
    eventName: 'INSERT',
    dynamodb: { Keys: { pk: { S: pk }, sk: { S: sk } }, NewImage: image ?? {} },
  };
}

export function insertOfEntry(entry: Entry): DynamoDBRecord {
  return insertOf(entryToRow(entry, { shards, retentionMs }));
}

/** What a scripted destination does with an entry. */
export type Script = (outgoing: Outgoing) => Reply;

export interface ScriptedDestination extends DestinationAdapter {
  /** Event ids in the order in which they arrived, and as often as they did. */
  readonly arrived: string[];
}

export const accepts: Script = () => ({ status: 'accepted' });

export function refuses(code: string): Script {
  return () => ({ status: 'refused', code, message: '' });
}

/** A destination that does with each entry what its script says. The script may be changed, or throw. */
export function scripted(
  script: { decide: Script },
  over: Partial<DestinationAdapter> = {},
): ScriptedDestination {
  const arrived: string[] = [];
  return {
    name: 'bus',
    kind: 'bus',
    ordered: false,
    maxEntriesPerCall: 10,
    maxBytesPerCall: 1_000_000,
    sizeOf: ({ json }) => json.length,
    send: (outgoing) =>
      Promise.resolve().then(() =>
        outgoing.map((one) => {
          const reply = script.decide(one);
          if (reply.status === 'accepted') arrived.push(one.entry.id);
          return reply;
        }),
      ),
    arrived,
    ...over,
  };
}

export interface LogLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

export function recordingLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: keyof Log) => (message: string, fields: Record<string, unknown>) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function recordingMeter(): Meter & { readonly counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const add = (metric: string, value: number): void => {
    counts.set(metric, (counts.get(metric) ?? 0) + value);
  };
  return { counts, count: add, time: add };
}
