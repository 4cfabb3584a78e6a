import { pickDefined } from '../core/collections.ts';
import { OutboxError } from '../core/errors.ts';
import type { Entry, EventContext } from '../table/entry.ts';
import { checkEvent } from './check-event.ts';
import { contextOfWrite } from './context.ts';
import { toValidJson } from './event-data.ts';
import type { OutboxEvent } from './event.ts';
import type { TraceSource } from './trace.ts';

/** An entry whose sequence may still be open: the next one, which only the table can tell. */
export interface Draft {
  readonly entry: Omit<Entry, 'sequence'>;
  readonly sequence?: 'next' | number;
  /** When it is due, where it is not at once. Epoch milliseconds. */
  readonly deliverAt?: number;
}

/**
 * What events become when they are written: validated, and with the context of this write.
 *
 * Without a correlation id, events that are written together share the id of the first.
 *
 * @throws OutboxError `EVENT_INVALID`, `EVENT_NOT_JSON`, `AGGREGATE_INVALID`, `SEQUENCE_INVALID`,
 * `DUPLICATE_ITEM`, `OPTION_INVALID`
 */
export async function draftEvents(
  events: readonly OutboxEvent[],
  given?: EventContext,
  trace?: TraceSource,
): Promise<Draft[]> {
  events.forEach(checkEvent);
  checkDistinctEvents(events);
  const [first] = events;
  const together = first !== undefined && events.length > 1 ? { correlationId: first.id } : {};
  const context = { ...together, ...contextOfWrite(given, trace) };
  return Promise.all(events.map((event) => draftEvent(event, context)));
}

async function draftEvent(event: OutboxEvent, context: EventContext): Promise<Draft> {
  const { id, type, version, aggregate } = event;
  const data = await toValidJson(event);
  return {
    entry: { id, type, version, aggregate, data, ...context },
    ...pickDefined(event, ['sequence', 'deliverAt']),
  };
}

/**
 * Checks that the events of one write differ: in their ids, and in their places in their aggregate's
 * history. Explicit sequences and `next` do not mix, since their order would be undefined.
 *
 * @throws OutboxError `DUPLICATE_ITEM`, `SEQUENCE_INVALID`
 */
function checkDistinctEvents(events: readonly OutboxEvent[]): void {
  const twice = findRepeated(events, ({ id }) => id);
  if (twice !== undefined) {
    throw new OutboxError(
      'DUPLICATE_ITEM',
      `event ${twice.type} ${twice.id} is given twice: make a new event for each thing that happened`,
      { details: { type: twice.type, eventId: twice.id } },
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
    { details: { type, eventId: id, aggregate, sequence } },
  );
}
