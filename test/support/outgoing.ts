import type { Entry } from '../../lib/table/entry.ts';
import { toOutgoing, type Outgoing } from '../../lib/delivery/destination.ts';
import type { PublishPorts } from '../../lib/delivery/publish.ts';
import type { Log, LogFields } from '../../lib/core/ports.ts';
import { createVirtualClock } from '../../lib/testing/virtual-clock.ts';

export const source = 'orders';

/** An event id that ends in `number`. */
export function eventId(number: number): string {
  return `0193e3a0-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** The entry of `number` on its way, of an aggregate of its own unless told otherwise. */
export function outgoingOf(number: number, parts: Partial<Entry> = {}): Outgoing {
  const entry: Entry = {
    id: eventId(number),
    type: 'order.placed',
    version: 1,
    aggregate: `order/${number}`,
    data: JSON.stringify({ secret: `payload of ${number}` }),
    ...parts,
  };
  return toOutgoing(entry, source);
}

export function outgoingRange(count: number): Outgoing[] {
  return Array.from({ length: count }, (_, index) => outgoingOf(index + 1));
}

/** Entries 1 to `count` of one aggregate's history. */
export function history(aggregate: string, count: number, firstNumber = 1): Outgoing[] {
  return Array.from({ length: count }, (_, index) =>
    outgoingOf(firstNumber + index, { aggregate, sequence: index + 1 }),
  );
}

/** An entry whose data has about this many bytes. */
export function outgoingOfBytes(number: number, bytes: number): Outgoing {
  return outgoingOf(number, { data: JSON.stringify('x'.repeat(bytes)) });
}

export interface RecordedPorts extends PublishPorts {
  readonly lines: readonly { message: string; fields: LogFields }[];
  readonly sleeps: readonly number[];
}

/** Ports with a clock that starts at 0 and a log that remembers. */
export function publishPorts(parts: Partial<PublishPorts> = {}): RecordedPorts {
  const lines: { message: string; fields: LogFields }[] = [];
  const sleeps: number[] = [];
  const record = (message: string, fields: LogFields): void => {
    lines.push({ message, fields });
  };
  const log: Log = { debug: record, info: record, warn: record, error: record };
  const clock = createVirtualClock(0);
  const sleep = (ms: number): Promise<void> => {
    sleeps.push(ms);
    return clock.sleep(ms);
  };
  return {
    clock: { now: () => clock.now(), sleep },
    random: () => 0.5,
    log,
    deadline: 60_000,
    ...parts,
    lines,
    sleeps,
  };
}
