import { toMessage, type InvalidMessage, type Message } from '../../contract/message.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The message in a queue message's body: the CloudEvent itself, or one wrapped by an EventBridge
 * rule (as `detail`) or by an SNS subscription (as `Message`).
 *
 * Says why where there is none, and never quotes the body.
 */
export function openEnvelope(body: string): Message | InvalidMessage {
  const outer = parseJson(body);
  if (isObject(outer) && isSnsNotification(outer)) return toMessage(parseJson(outer.Message));
  if (isObject(outer) && isEventBridgeEvent(outer)) return toMessage(outer['detail']);
  return outer === undefined ? { problem: 'not JSON' } : toMessage(outer);
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function isSnsNotification(outer: Json): outer is Json & { Message: string } {
  return outer['Type'] === 'Notification' && typeof outer['Message'] === 'string';
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
