import type { Entry, EventContext } from '../table/entry.ts';
import { pickDefined } from '../core/pick.ts';
import { checkEvent } from './check-event.ts';
import { checkDistinctEvents } from './distinct-events.ts';
import { contextOfWrite } from './context.ts';
import { toValidJson } from './event-data.ts';
import type { TraceSource } from './trace.ts';
import type { OutboxEvent } from './event.ts';

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
 * Where nobody gives a correlation id, events that are written together share the id of the first.
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
