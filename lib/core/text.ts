/** Bytes of a text in UTF-8, which is how AWS counts. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** As much of the beginning of a text as fits into `maxBytes` of UTF-8; no character is torn apart. */
export function cutToBytes(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}

const unsendable = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/**
 * A text whose characters SQS and SNS take: those that XML knows. Others, each a single UTF-16 unit, are
 * replaced.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function replaceUnsendable(
  text: string,
  replacement: (character: string) => string,
): string {
  return text.replaceAll(unsendable, replacement);
}
