import type { StandardSchemaV1 } from '@standard-schema/spec';

import { pickDefined } from '../core/collections.ts';
import { OutboxError } from '../core/errors.ts';
import { nameOfError } from '../core/redact.ts';
import type { EventContract } from '../events/event.ts';
import { describeIssues } from '../events/schema-issues.ts';
import type { EventContext } from '../table/entry.ts';
import { sequenceOf, usableTrace, type Message } from '../table/message.ts';
import { rejected, type Failed, type Rejected } from './delivery.ts';

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

/** A message's data in the shape that the definition knows, or why it is not. */
export type DataReading = { readonly status: 'read'; readonly data: unknown } | Rejected | Failed;

/**
 * Brings a message's data to the definition's version, step by step, and has the schema check it.
 *
 * Data that does not fit is rejected. Data of a newer version is kept back, never misread: it will fit
 * once the consumer is deployed with the newer definition.
 */
export async function readData(message: Message, definition: EventContract): Promise<DataReading> {
  if (message.dataversion > definition.version) return tooNew(message, definition);
  const current = upcast(message, definition);
  if (current.status !== 'read') return current;
  const result = await validate(current.data, message, definition);
  if (!('issues' in result)) return result;
  const issues = describeIssues(result.issues, current.data, definition).join('; ');
  return rejected(
    'EVENT_INVALID',
    `data of ${message.type} version ${message.dataversion} does not fit the schema: ${issues}`,
  );
}

async function validate(
  data: unknown,
  { type }: Message,
  { schema }: EventContract,
): Promise<DataReading | StandardSchemaV1.FailureResult> {
  try {
    const result = await schema['~standard'].validate(data);
    return result.issues === undefined ? { status: 'read', data: result.value } : result;
  } catch (error) {
    return rejected('EVENT_INVALID', `the schema of ${type} threw ${nameOfError(error)}`);
  }
}

function tooNew({ id, type, dataversion }: Message, { version }: EventContract): Failed {
  const error = new OutboxError(
    'EVENT_VERSION_UNKNOWN',
    `${type} ${id} has version ${dataversion}, this consumer knows ${version}: deploy it with the newer definition; ` +
      'until then the message is kept back',
    { details: { eventId: id, type, version: dataversion, known: version } },
  );
  return { status: 'failed', error };
}

function upcast(message: Message, { version: known, upcast: steps }: EventContract): DataReading {
  const { type, dataversion } = message;
  let { data } = message;
  for (let version = dataversion; version < known; version++) {
    const step = steps[version];
    if (step === undefined) {
      return rejected(
        'EVENT_VERSION_UNKNOWN',
        `${type} has version ${dataversion}, this consumer knows ${known} and no upcast from ${version}: ` +
          'add the steps to the definition, then redrive the message',
      );
    }
    try {
      data = step(data);
    } catch (error) {
      return rejected(
        'EVENT_INVALID',
        `upcast of ${type} from version ${version} threw ${nameOfError(error)}`,
      );
    }
    if (data instanceof Promise) return notAwaited(data, `${type} from version ${version}`);
  }
  return { status: 'read', data };
}

function notAwaited(data: Promise<unknown>, step: string): Rejected {
  // The promise is not awaited, and Node would end the process if it rejects.
  data.catch(() => undefined);
  return rejected(
    'EVENT_INVALID',
    `upcast of ${step} answered with a promise: make it a plain function, of the old data alone`,
  );
}

/**
 * Ends a handler: the message can never succeed, however often it is tried. It throws; `throw reject(…)` does the same.
 *
 * Nothing of what the handler collected is written. The message goes to the dead-letter queue at
 * once, with `reason` as an attribute, so name ids and facts in it and no payload. Anything else that
 * a handler throws gives the message back to the queue, to be tried again.
 *
 * @example if (account.isClosed) reject(`order ${orderId} belongs to a closed account`);
 * @throws OutboxError `HANDLER_REJECTED`, always; a handler that catches it must throw it on
 */
export function reject(reason: string, options: ErrorOptions = {}): never {
  throw new OutboxError('HANDLER_REJECTED', reason, options);
}
