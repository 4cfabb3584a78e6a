import { utf8Bytes } from '../../core/redact.ts';
import { messageToken } from '../../core/system.ts';
import type { Outgoing, Reply } from '../destination.ts';

/** What SendMessageBatch and PublishBatch answer, as far as it matters here. */
export interface BatchAnswer {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined;
  readonly Failed?: readonly BatchFailure[] | undefined;
}

interface BatchFailure {
  readonly Id?: string | undefined;
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}

/** The id of an entry within its call: its place. */
export function batchId(index: number): string {
  return String(index);
}

/** The replies in the order of the call. Answers come in any order, and an entry may be missing from them. */
export function readBatch(
  outgoing: readonly Outgoing[],
  { Successful: successful = [], Failed: failed = [] }: BatchAnswer,
): (Reply | undefined)[] {
  const accepted = successful.map(({ Id }) => [Id, { status: 'accepted' }] as const);
  const refused = failed.map((failure) => [failure.Id, toRefusal(failure)] as const);
  const replies = new Map<string | undefined, Reply>([...accepted, ...refused]);
  return outgoing.map((_, index) => replies.get(batchId(index)));
}

function toRefusal({ Code, Message, SenderFault }: BatchFailure): Reply {
  return {
    status: 'refused',
    code: Code ?? 'UNKNOWN',
    message: Message ?? '',
    senderFault: SenderFault ?? false,
  };
}

/** Message attributes as queues and topics take them. */
export type Attributes = Record<string, { DataType: 'String'; StringValue: string }>;

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#3-envelope */
export const contentType = 'application/cloudevents+json';

export function toAttributes(texts: Readonly<Record<string, string>>): Attributes {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, { DataType: 'String', StringValue: text }]),
  );
}

// Unicode's noncharacters are the last two of each plane and 32 of the first one.
const notFilterable = /[%\p{Cc}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/**
 * A text as a subscription's filter can match it: control characters, noncharacters and `%` are percent-encoded.
 * `decodeURIComponent` returns the text again.
 */
export function toFilterable(text: string): string {
  return text.toWellFormed().replaceAll(notFilterable, encodeURIComponent);
}

/** Bytes of a message as the service counts them: the body, and each attribute's name, type and value. */
export function messageBytes(body: string, attributes: Attributes): number {
  return Object.entries(attributes).reduce(
    (bytes, [name, { DataType, StringValue }]) =>
      bytes + utf8Bytes(name) + utf8Bytes(DataType) + utf8Bytes(StringValue),
    utf8Bytes(body),
  );
}

/** The attributes by which queues and topics group messages and drop duplicates. */
export interface Grouping {
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/**
 * Ordered: a group per aggregate, and the event id against duplicates within five minutes; a replay
 * is none, so it adds its own id. Otherwise a group per tenant, if there is one, for fair queues:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
 */
export function groupingOf({ entry, replayId }: Outgoing, ordered: boolean): Grouping {
  if (ordered) {
    return {
      MessageGroupId: messageToken(entry.aggregate),
      MessageDeduplicationId: messageToken(
        replayId === undefined ? entry.id : `${entry.id}#${replayId}`,
      ),
    };
  }
  return entry.tenant === undefined || entry.tenant === ''
    ? {}
    : { MessageGroupId: messageToken(entry.tenant) };
}
