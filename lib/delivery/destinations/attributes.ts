import { utf8Bytes } from '../../core/text.ts';

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
