import { OutboxError } from '../core/errors.ts';
import type { OutboxEvent } from './event.ts';

/**
 * Checks that the events of one write differ: in their ids, and in their places in their aggregate's
 * history. Numbers given and numbers asked for do not mix, since nobody could say which comes first.
 *
 * @throws OutboxError `DUPLICATE_ITEM`, `SEQUENCE_INVALID`
 */
export function checkDistinctEvents(events: readonly OutboxEvent[]): void {
  const twice = findRepeated(events, ({ id }) => id);
  if (twice !== undefined) {
    throw new OutboxError(
      'DUPLICATE_ITEM',
      `event ${twice.type} ${twice.id} is given twice: make a new event for each thing that happened`,
      { facts: { type: twice.type, eventId: twice.id } },
    );
  }
  const numbered = events.filter(({ sequence }) => typeof sequence === 'number');
  const asking = new Set(
    events.filter(({ sequence }) => sequence === 'next').map(({ aggregate }) => aggregate),
  );
  const clashing =
    findRepeated(numbered, ({ aggregate, sequence }) => JSON.stringify([aggregate, sequence])) ??
    numbered.find(({ aggregate }) => asking.has(aggregate));
  if (clashing !== undefined) throw sequenceClash(clashing);
}

function findRepeated(
  events: readonly OutboxEvent[],
  identify: (event: OutboxEvent) => string,
): OutboxEvent | undefined {
  const seen = new Set<string>();
  return events.find((event) => {
    const isSeen = seen.has(identify(event));
    seen.add(identify(event));
    return isSeen;
  });
}

function sequenceClash({ type, id, aggregate, sequence }: OutboxEvent): OutboxError {
  return new OutboxError(
    'SEQUENCE_INVALID',
    `sequence ${String(sequence)} of ${type} ${id} clashes with another event of ${aggregate} in this write: ` +
      `give each a number of its own, or all of them 'next'`,
    { facts: { type, eventId: id, aggregate, sequence } },
  );
}
