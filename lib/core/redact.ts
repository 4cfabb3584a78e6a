import { definedOnly } from './collections.ts';
import { OutboxError } from './errors.ts';

const maxMessageChars = 1024;

/**
 * A service's error message without what it may quote of an entry, at most 1,024 characters.
 *
 * AWS repeats the offending input in validation errors (`Value '…' at 'entries' failed …`), and JSON parsers repeat
 * theirs in double quotes. Takes time in proportion to the length of the message.
 */
export function redact(message: string): string {
  const withoutValues = cut(message, { from: "Value '", to: "' at ", leave: 'Value at ' });
  const withoutQuotes = withoutValues.includes('JSON')
    ? cut(withoutValues, { from: '"', to: '"', leave: '…' })
    : withoutValues;
  const opening = withoutQuotes.search(/[{[]/);
  const closing = Math.max(withoutQuotes.lastIndexOf('}'), withoutQuotes.lastIndexOf(']'));
  return removed(withoutQuotes, opening, closing + 1, '…').slice(0, maxMessageChars);
}

/** A text without what stands between the first `from` and the last `to`; without an end, all that follows goes. */
function cut(text: string, { from, to, leave }: Record<'from' | 'to' | 'leave', string>): string {
  const start = text.indexOf(from);
  const end = text.lastIndexOf(to);
  return removed(text, start, end < start + from.length ? 0 : end + to.length, leave);
}

function removed(text: string, start: number, end: number, leave: string): string {
  if (start === -1) return text;
  return text.slice(0, start) + leave + (end > start ? text.slice(end) : '');
}

/**
 * What an error says, as far as it cannot hold a payload: the message of an {@link OutboxError}, of an AWS service
 * and of the network. `undefined` for all else: parsers, schema libraries and users' code quote data in theirs.
 */
export function safeMessage(error: unknown): string | undefined {
  if (OutboxError.is(error)) return error.message;
  if (!(error instanceof Error)) return undefined;
  const isOfService = '$metadata' in error;
  const isOfNetwork = 'syscall' in error && 'errno' in error;
  return isOfService || isOfNetwork ? redact(error.message) : undefined;
}

const errorName = /^[A-Za-z_$][\w$.#-]{0,63}$/;

/** Log fields of an error: its name, and its message as far as that cannot hold a payload. */
export function errorSummary(error: unknown): { error: string; message?: string } {
  return { error: nameOfError(error), ...definedOnly({ message: safeMessage(error) }) };
}

/** The name of an error's class; the type of anything else that was thrown. */
export function nameOfError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return errorName.test(error.name) ? error.name : 'Error';
}

/**
 * Where an error was thrown: the frames of its stack, without the message that stands before them. `undefined` if the
 * message was changed after the error was made: the stack still holds the first one.
 */
export function framesOf({ stack = '', message }: Error): string | undefined {
  const [firstLine = ''] = stack.split('\n', 1);
  const header = message === '' ? firstLine : `${firstLine.split(': ', 1)[0] ?? ''}: ${message}`;
  if (!stack.startsWith(`${header}\n`)) return undefined;
  return stack.slice(header.length + 1);
}

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
