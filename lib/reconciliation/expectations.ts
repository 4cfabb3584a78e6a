import { createHash } from 'node:crypto';

import type { Entry } from '../table/entry.ts';
import { groupBy } from '../core/collections.ts';
import { ownLimits } from '../core/limits.ts';
import { timeOfId, type Key } from '../table/keys.ts';
import { repairCause, repairKey } from '../table/reconciliation.ts';
import type { OutboxEvent } from '../events/event.ts';
import type { ReconciliationWindow } from './window.ts';

/** An event that a business item should have and has not, and where it is noted that it was written. */
export interface Missing {
  readonly event: OutboxEvent;
  readonly repairKey: Key;
}

/** Events that business items should have, and which of them were seen. */
export interface Expectations {
  /** An entry was found: it meets one expectation of its type and aggregate, if there is any. */
  see(entry: Entry): void;
  /** Those that no entry met. */
  unmet(): Missing[];
}

/**
 * Expectations of a window. An event is written within an hour of its id, so an entry from outside the window and an hour
 * around it meets none: an aggregate's other events do not hide a lost one. Of two that differ in their time alone it is not
 * known which is missing: only a sequence tells them apart. What a reconciliation wrote meets none either, since the row
 * under its {@link Missing.repairKey} does.
 */
export function openExpectations(
  events: readonly OutboxEvent[],
  { window, name }: { window: ReconciliationWindow; name: string },
): Expectations {
  const open = groupBy(events, keyOf);
  const [from, to] = [
    window.since - ownLimits.maxEventAgeMs,
    window.until + ownLimits.maxEventAgeMs,
  ];
  return {
    see: (entry) => {
      const time = timeOfId(entry.id);
      if (time < from || time > to || entry.causationId === repairCause(name)) return;
      const candidates = open.get(keyOf(entry)) ?? [];
      const met = candidates.findIndex((event) => isMetBy(event, entry));
      if (met >= 0) candidates.splice(met, 1);
    },
    unmet: () =>
      [...groupBy([...open.values()].flat(), itemOf)].flatMap(([item, alike]) =>
        alike.map((event, index) => ({ event, repairKey: repairKey(name, hashOf(item, index)) })),
      ),
  };
}

function keyOf({ type, aggregate }: Pick<Entry, 'type' | 'aggregate'>): string {
  return `${type} ${aggregate}`;
}

/** What of an expected event is the same in each run. */
function itemOf({ type, aggregate, sequence }: OutboxEvent): string {
  return JSON.stringify([type, aggregate, typeof sequence === 'number' ? sequence : null]);
}

function hashOf(item: string, index: number): string {
  return createHash('sha256').update(`${item} ${index}`).digest('hex').slice(0, 32);
}

/** One that is expected at a place in the history of its aggregate is met there only. */
function isMetBy({ sequence }: OutboxEvent, entry: Entry): boolean {
  return typeof sequence !== 'number' || sequence === entry.sequence;
}
