import {
  isInvalidMessage,
  toMessage,
  type InvalidMessage,
  type Message,
} from '../table/message.ts';
import { cutToBytes } from '../core/text.ts';

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
 * topic have no such envelope. There, whoever may send to them is believed.
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
