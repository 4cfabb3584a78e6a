import { contextKeys, type Entry, type EventContext } from '../table/entry.ts';
import { toMessageJson, type Message } from '../table/message.ts';
import { pickDefined } from '../core/pick.ts';
import type { OutboxEvent } from '../events/event.ts';

/** What a message has beside its event: what writing and delivering would have given it. */
export interface MessageOptions extends EventContext {
  /** @default 'test' */
  readonly source?: string;
  /** @default - the event's own number; none where it asks for the next, which only an outbox gives */
  readonly sequence?: number;
  /** Names a replay, to make a replayed message. */
  readonly replayId?: string;
}

/** An event as far as its message depends on it. */
type EventToDeliver = Pick<
  OutboxEvent,
  'id' | 'type' | 'version' | 'aggregate' | 'data' | 'sequence'
>;

/**
 * The message that consumers get of an event, as the relay makes it: the same code makes both.
 *
 * ```ts
 * const message = messageOf(OrderPlaced('42', { orderId: '42', total: 12 }));
 * await handler(sqsEventOf([message]));
 * ```
 *
 * Its data is taken as it is: make it invalid to see what a consumer does with it.
 */
export function messageOf(event: EventToDeliver, options: MessageOptions = {}): Message {
  const { id, type, version, aggregate, data } = event;
  const { source = 'test', replayId, sequence = event.sequence } = options;
  const entry: Entry = {
    id,
    type,
    version,
    aggregate,
    data: JSON.stringify(data),
    ...(typeof sequence === 'number' ? { sequence } : {}),
    ...pickDefined(options, contextKeys),
  };
  const marks = replayId === undefined ? {} : { replayId };
  return JSON.parse(toMessageJson(entry, source, marks)) as Message;
}
