import type { StandardSchemaV1 } from '@standard-schema/spec';

import type { EventContext } from '../table/entry.ts';
import { sequenceOf, type Message } from '../table/message.ts';
import { pickDefined } from '../core/pick.ts';
import { usableTrace } from '../table/trace-context.ts';
import type { EventContract } from '../events/event.ts';

/** An event as a handler gets it: data checked, and of the version that the handler knows. */
export interface InboxMessage<Data = unknown, Type extends string = string> extends EventContext {
  /** The event's id: the same in every delivery, and a good idempotency key for calls to others. */
  readonly id: string;
  readonly type: Type;
  /** Version of `data`: the definition's, also where the message was of an older one. */
  readonly version: number;
  /** What the schema made of the data. */
  readonly data: Data;
  /** The business thing that the event is about: `order/42`. */
  readonly aggregate: string;
  /** Position in the aggregate's history, from 1, where the event takes part in one. */
  readonly sequence?: number;
  /** When the event was made, or due where it was deferred, RFC 3339. */
  readonly time: string;
  /** The service that wrote the event. */
  readonly source: string;
  readonly correlationId: string;
  /** Names the replay that delivered the message again; absent in an ordinary delivery. */
  readonly replayId?: string;
}

/** The message that a handler of `definition` gets. */
export type MessageOf<Definition extends EventContract> = InboxMessage<
  StandardSchemaV1.InferOutput<Definition['schema']>,
  Definition['type']
>;

/** A message in the handler's words, with data that was read already. */
export function toInboxMessage(message: Message, data: unknown, version: number): InboxMessage {
  const sequence = sequenceOf(message);
  return {
    id: message.id,
    type: message.type,
    version,
    data,
    aggregate: message.subject,
    time: message.time,
    source: message.source,
    correlationId: message.correlationid,
    ...usableTrace(message.traceparent, message.tracestate),
    ...pickDefined(message, ['tenant']),
    ...(sequence === undefined ? {} : { sequence }),
    ...(message.causationid === undefined ? {} : { causationId: message.causationid }),
    ...(message.replayid === undefined ? {} : { replayId: message.replayid }),
  };
}

/** What events caused by a message inherit: its correlation, and itself as the cause. */
export function contextCausedBy(message: InboxMessage): EventContext {
  return {
    correlationId: message.correlationId,
    causationId: message.id,
    ...pickDefined(message, ['traceparent', 'tracestate', 'tenant']),
  };
}
