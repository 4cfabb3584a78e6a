import type { OutboxErrorCode } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { cutToBytes } from '../core/redact.ts';
import {
  isInvalidMessage,
  toMessage,
  type InvalidMessage,
  type Message,
} from '../table/message.ts';
import { logKeysOf, withKeys, type ErrorLogging, type MessageLog } from './log.ts';
import type { SqsRecord } from './sqs-event.ts';

/** One record of a batch, opened. */
export interface Delivery {
  readonly record: SqsRecord;
  readonly message: Message | InvalidMessage;
  /** Its lines carry the record's ids. */
  readonly log: MessageLog;
  readonly errorLogging: ErrorLogging;
}

/** Why a message is not tried again. */
export interface Rejection {
  readonly code: OutboxErrorCode;
  /** For a person: ids, numbers and names, never the payload. */
  readonly detail: string;
}

/** A message that is not tried again, on its way to the dead-letter queue. */
export interface Rejected {
  readonly status: 'rejected';
  readonly rejection: Rejection;
}

/** Given back to the queue, to be tried again. */
export interface Failed {
  readonly status: 'failed';
  readonly error: unknown;
}

/** The outcome of a delivery. Everything is acknowledged that {@link isDone}. */
export type Outcome =
  | { readonly status: 'handled' }
  /** It was handled before: without effect this time. */
  | { readonly status: 'duplicate' }
  /** A skip notice: it only says that a sequence passes without an event. */
  | { readonly status: 'skipped' }
  /** There is no handler for it; it moved the cursor of an ordered inbox, no more. */
  | { readonly status: 'passed' }
  /** It came before its turn, and waits in the inbox's table. */
  | { readonly status: 'early' }
  /** It is in progress in another worker: the queue redelivers it when that one must have ended. */
  | { readonly status: 'in-progress' }
  | { readonly status: 'dead-lettered'; readonly rejection: Rejection }
  | Failed;

/** Whether the queue may forget the message. */
export function isDone({ status }: Outcome): boolean {
  return status !== 'failed' && status !== 'in-progress';
}

export function rejected(code: OutboxErrorCode, detail: string): Rejected {
  return { status: 'rejected', rejection: { code, detail } };
}

export function failed(error: unknown): Failed {
  return { status: 'failed', error };
}

export function openDelivery(
  record: SqsRecord,
  log: Log,
  { logErrorMessages }: ErrorLogging = {},
): Delivery {
  const message = openEnvelope(record.body);
  const lines = withKeys(log, logKeysOf(record, message));
  return { record, message, log: lines, errorLogging: { logErrorMessages } };
}

type Json = Readonly<Record<string, unknown>>;

/** What an EventBridge bus says of an event, and lets IAM conditions and rules decide by. */
interface BusEnvelope {
  readonly source: unknown;
  readonly type: unknown;
}

/** A bus with a topic behind it makes two. */
const maxEnvelopes = 5;
const maxQuotedBytes = 100;

/**
 * The message in a queue message's body: the CloudEvent itself, or one wrapped by EventBridge rules (as `detail`) and
 * SNS subscriptions without raw delivery (as `Message`), in any order, up to five deep.
 *
 * Guarantee: what an EventBridge envelope says is what the event says. A bus checks rights (`events:source`,
 * `events:detail-type`) and matches rules by its envelope; an event that claims another source or type has stepped
 * around both, and is refused with `ENVELOPE_MISMATCH`. Limit: a rule that passes on `$.detail` alone, a queue and a
 * topic have no such envelope. There, every permitted sender is trusted.
 *
 * Says why where there is no message, and never quotes the body.
 */
export function openEnvelope(body: string): Message | InvalidMessage {
  let value = parseJson(body);
  const envelopes: BusEnvelope[] = [];
  if (value === undefined) return { problem: 'not JSON' };
  for (let depth = 0; ; depth++) {
    const inner = unwrap(value);
    if (inner === undefined) break;
    if (depth === maxEnvelopes) return { problem: `in more than ${maxEnvelopes} envelopes` };
    if (inner.envelope !== undefined) envelopes.push(inner.envelope);
    value = inner.value;
  }
  const message = toMessage(value);
  if (isInvalidMessage(message)) return message;
  return envelopes.map((envelope) => mismatchOf(message, envelope)).find(Boolean) ?? message;
}

/** What is in an envelope; `undefined` where a value is none. A message may have any extension, and is none. */
function unwrap(value: unknown): { value: unknown; envelope?: BusEnvelope } | undefined {
  if (!isObject(value) || 'specversion' in value) return undefined;
  if (isSnsNotification(value)) {
    const { Message: inner } = value;
    return { value: typeof inner === 'string' ? parseJson(inner) : inner };
  }
  if (!isEventBridgeEvent(value)) return undefined;
  const { source, detail } = value;
  return { value: detail, envelope: { source, type: value['detail-type'] } };
}

function mismatchOf({ source, type }: Message, envelope: BusEnvelope): InvalidMessage | undefined {
  const wrong = [
    ...(source === envelope.source ? [] : [`source ${told(source, envelope.source)}`]),
    ...(type === envelope.type ? [] : [`type ${told(type, envelope.type)}`]),
  ];
  if (wrong.length === 0) return undefined;
  return {
    code: 'ENVELOPE_MISMATCH',
    problem: `the event does not say what its EventBridge envelope says: ${wrong.join(', ')}. Its sender may have no right to send it; have producers put source and type into the envelope as they are in the event`,
  };
}

function told(inEvent: string, inEnvelope: unknown): string {
  return `${quoted(inEvent)} instead of ${quoted(inEnvelope)}`;
}

/** Names, which the sender chose. */
function quoted(name: unknown): string {
  return typeof name === 'string' ? JSON.stringify(cutToBytes(name, maxQuotedBytes)) : 'no text';
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function isSnsNotification(outer: Json): boolean {
  return outer['Type'] === 'Notification' && 'Message' in outer;
}

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
function isEventBridgeEvent(outer: Json): boolean {
  return 'detail-type' in outer && 'detail' in outer;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `undefined` where the text is no JSON: the parser's own message would quote it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
