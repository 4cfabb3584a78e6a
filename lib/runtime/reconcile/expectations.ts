import type { Entry } from '../../contract/entry.ts';
import { groupBy } from '../../contract/group-by.ts';
import type { OutboxEvent } from '../event/event.ts';

/** Events that business items should have, and which of them were seen. */
export interface Expectations {
  /** An entry was found: it meets one expectation of its type and aggregate, if there is any. */
  see(entry: Entry): void;
  /** Those that no entry met. */
  unmet(): OutboxEvent[];
}

export function openExpectations(events: readonly OutboxEvent[]): Expectations {
  const open = groupBy(events, keyOf);
  return {
    see: (entry) => {
      const candidates = open.get(keyOf(entry)) ?? [];
      const met = candidates.findIndex((event) => isMetBy(event, entry));
      if (met >= 0) candidates.splice(met, 1);
    },
    unmet: () => [...open.values()].flat(),
  };
}

function keyOf({ type, aggregate }: Pick<Entry, 'type' | 'aggregate'>): string {
  return `${type} ${aggregate}`;
}

/** One that is expected at a place in the history of its aggregate is met there only. */
function isMetBy({ sequence }: OutboxEvent, entry: Entry): boolean {
  return typeof sequence !== 'number' || sequence === entry.sequence;
}
