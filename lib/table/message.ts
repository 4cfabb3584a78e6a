import { pickDefined } from '../core/collections.ts';
import { isEventType } from '../core/event-types.ts';
import { ownLimits } from '../core/limits.ts';
import { replaceUnsendable, utf8Bytes } from '../core/redact.ts';
import { isContextText, type Entry } from './entry.ts';
import { isEventId, padSequence, timeOfId } from './keys.ts';

/**
 * What a consumer receives: a CloudEvents 1.0 event in JSON.
 *
 * Attributes other than the standard ones are CloudEvents extensions, in lower case as the
 * specification wants them. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export interface Message {
  readonly specversion: '1.0';
  /** The event's id: the key to drop duplicates by. It is the same in every delivery. */
  readonly id: string;
  /** The service that wrote the event. */
  readonly source: string;
  readonly type: string;
  /** The aggregate, `type/id`. */
  readonly subject: string;
  /** When the event was made, or due where it was deferred, RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: unknown;
  /** Version of the data's shape, from 1. */
  readonly dataversion: number;
  /** Position in the aggregate's history as 16 digits, so that it sorts as text. */
  readonly sequence?: string;
  readonly correlationid: string;
  readonly causationid?: string;
  /** https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md */
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly tenant?: string;
  /** Names the replay that delivered this message again; absent in an ordinary delivery. */
  readonly replayid?: string;
  /** Present if the entry was discarded: the sequence passes without an event. Such a message has no data. */
  readonly skipped?: true;
}

/** Everything about a message but its data: what is sent outside the body, and what logs may hold. */
export type MessageAttributes = Omit<Message, 'data'>;

/** How a delivery differs from the ordinary one. */
export interface DeliveryMarks {
  readonly replayId?: string;
  /** A skip notice: the entry was discarded, and its sequence passes without an event. */
  readonly skipped?: true;
}

/** The message that tells consumers of an entry. */
export function toMessageAttributes(
  entry: Entry,
  source: string,
  marks: DeliveryMarks = {},
): MessageAttributes {
  return {
    specversion: '1.0',
    id: entry.id,
    source,
    type: entry.type,
    subject: entry.aggregate,
    time: new Date(timeOfId(entry.id)).toISOString(),
    datacontenttype: 'application/json',
    dataversion: entry.version,
    correlationid: entry.correlationId ?? entry.id,
    ...(entry.sequence === undefined ? {} : { sequence: padSequence(entry.sequence) }),
    ...(entry.causationId === undefined ? {} : { causationid: entry.causationId }),
    ...(marks.replayId === undefined ? {} : { replayid: marks.replayId }),
    ...(marks.skipped === undefined ? {} : { skipped: marks.skipped }),
    ...usableTrace(entry.traceparent, entry.tracestate),
    ...pickDefined(entry, ['tenant']),
  };
}

/**
 * The message as JSON text. A skip notice has no data.
 *
 * The entry's data is spliced in as it was written: numbers beyond a double's precision and the order
 * of keys survive. Characters that SQS and SNS refuse are escaped: parsed, the data is the same.
 */
export function toMessageJson(entry: Entry, source: string, marks: DeliveryMarks = {}): string {
  const attributes = JSON.stringify(toMessageAttributes(entry, source, marks));
  const json =
    marks.skipped === true ? attributes : `${attributes.slice(0, -1)},"data":${entry.data}}`;
  return replaceUnsendable(json, escapeInJson);
}

/** A message that was received as JSON text again, such as queues take: parsed, it is the same. */
export function messageToText(message: Message): string {
  return replaceUnsendable(JSON.stringify(message), escapeInJson);
}

// Between the strings of a JSON text there is none of them.
function escapeInJson(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Why something received is no message. */
export interface InvalidMessage {
  /** What every message has, with or without extensions. */
  readonly specversion?: never;
  readonly problem: string;
  /** @default 'MESSAGE_INVALID' */
  readonly code?: 'ENVELOPE_MISMATCH';
}

const requiredTexts = ['id', 'source', 'type', 'subject', 'time'] as const;
const optionalTexts = ['correlationid', 'causationid', 'tenant', 'replayid'] as const;

const maxReplayIdBytes = 256;

// Consumers make keys of them, and logs name them: a longer one would fit neither.
const fits: Readonly<Record<string, (text: string) => boolean>> = {
  // Inboxes know events by their id alone, so it has to be unique beyond its source.
  id: isEventId,
  replayid: (text) => utf8Bytes(text) <= maxReplayIdBytes,
  source: (text) => text.length <= ownLimits.maxSourceChars,
  subject: (text) => utf8Bytes(text) <= ownLimits.maxAggregateBytes,
  time: isTimestamp,
  type: isEventType,
  correlationid: isContextText,
  causationid: isContextText,
  tenant: isContextText,
};

const rfc3339 = /^\d{4}-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

/** https://www.rfc-editor.org/rfc/rfc3339#section-5.6, without leap seconds, which no Date can hold. */
function isTimestamp(text: string): boolean {
  const [, month, day] = rfc3339.exec(text) ?? [];
  if (month === undefined || Number.isNaN(Date.parse(text.toUpperCase()))) return false;
  const lastDay = new Date(Date.UTC(Number(text.slice(0, 4)), Number(month), 0)).getUTCDate();
  return Number(day) <= lastDay;
}

/**
 * The message that `value` (parsed JSON) is, or why it is none.
 *
 * The id is a UUIDv7 in lower case: that of another producer's event may be unique to its source only, and two such
 * events would be taken for one. A replay's name has at most 256 bytes, a subject 1,024; the type is one that an
 * event can have. The source, correlation id, causation id and tenant have at most 256 characters; the time is RFC
 * 3339. A malformed trace is dropped, as the trace context specification asks. An attribute that is null counts as
 * absent.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export function toMessage(value: unknown): Message | InvalidMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: 'not a JSON object' };
  }
  const candidate = withoutNulls(value);
  if (candidate['specversion'] !== '1.0') return { problem: 'not a CloudEvents 1.0 event' };
  const wrong = wrongAttributes(candidate);
  if (wrong.length > 0) return { problem: `missing or malformed: ${wrong.join(', ')}` };
  const { traceparent, tracestate, ...others } = candidate;
  return {
    correlationid: candidate['id'],
    ...others,
    ...usableTrace(traceparent, tracestate),
  } as unknown as Message;
}

export function isInvalidMessage(message: Message | InvalidMessage): message is InvalidMessage {
  return message.specversion === undefined;
}

/** A message's sequence as a number, where it has one. */
export function sequenceOf(message: MessageAttributes): number | undefined {
  return message.sequence === undefined ? undefined : Number(message.sequence);
}

/** Data may be null. */
function withoutNulls(value: object): Record<string, unknown> {
  const present = Object.entries(value).filter(([name, one]) => one !== null || name === 'data');
  return Object.fromEntries(present);
}

function wrongAttributes(candidate: Record<string, unknown>): string[] {
  const isText = (name: string): boolean => {
    const value = candidate[name];
    return typeof value === 'string' && value !== '' && (fits[name]?.(value) ?? true);
  };
  const isVersion = Number.isSafeInteger(candidate['dataversion']);
  const { sequence } = candidate;
  const isSequence =
    sequence === undefined || (typeof sequence === 'string' && /^\d{1,16}$/.test(sequence));
  return [
    ...requiredTexts.filter((name) => !isText(name)),
    ...optionalTexts.filter((name) => candidate[name] !== undefined && !isText(name)),
    ...(isVersion ? [] : ['dataversion']),
    ...(isSequence ? [] : ['sequence']),
    ...('data' in candidate || candidate['skipped'] === true ? [] : ['data']),
  ];
}

/** A place in a distributed trace. https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  readonly traceparent: string;
  /** Of the same trace; it means nothing without its `traceparent`. */
  readonly tracestate?: string;
}

/**
 * Whether a value is a `traceparent`. A later version than 00 may have more fields, up to 256 characters in all;
 * version ff and ids of zeros are forbidden. https://www.w3.org/TR/trace-context/#traceparent-header-field-values
 */
export function isTraceparent(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > ownLimits.maxTraceparentChars) return false;
  const [, version, rest] =
    /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]*)?$/.exec(
      value,
    ) ?? [];
  return version !== undefined && (version !== '00' || rest === undefined);
}

const maxMembers = 32;

/** Whether a value can be passed on as `tracestate`. https://www.w3.org/TR/trace-context/#tracestate-limits */
function isTracestate(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > ownLimits.maxTracestateChars) return false;
  return /^[\x20-\x7e]+$/.test(value) && value.split(',').length <= maxMembers;
}

/**
 * A trace that comes from outside, as far as it can be passed on: a malformed `traceparent` is dropped and its state
 * with it, as the trace context specification asks.
 */
export function usableTrace(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  if (!isTraceparent(traceparent)) return undefined;
  return { traceparent, ...(isTracestate(tracestate) ? { tracestate } : {}) };
}
