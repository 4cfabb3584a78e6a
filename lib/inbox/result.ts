import { OutboxError } from '../core/errors.ts';
import { ownLimits } from '../core/limits.ts';
import { utf8Bytes } from '../core/text.ts';
import { NotLosslessError, toLosslessJson } from '../events/lossless-json.ts';

/** A handler's answer as it is remembered, or why it is not. */
export type ResultText =
  | { readonly status: 'text'; readonly text: string | undefined }
  | { readonly status: 'invalid'; readonly error: OutboxError };

/** What a handler answered with as JSON text of at most 4 KB; `undefined` where it answered with nothing. */
export function resultToText(result: unknown, eventId: string): ResultText {
  try {
    return checkSize(result === undefined ? undefined : toLosslessJson(result), eventId);
  } catch (error) {
    if (!(error instanceof NotLosslessError)) throw error;
    return invalid(eventId, `would not be the same after JSON: ${error.message}`);
  }
}

/** The answer again; `undefined` where there was none. */
export function textToResult(text: string | undefined): unknown {
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

function checkSize(text: string | undefined, eventId: string): ResultText {
  const limit = ownLimits.maxResultBytes;
  const bytes = utf8Bytes(text ?? '');
  if (bytes <= limit) return { status: 'text', text };
  return invalid(eventId, `has ${bytes} bytes, and ${limit} are remembered`);
}

function invalid(eventId: string, problem: string): ResultText {
  const error = new OutboxError(
    'RESULT_INVALID',
    `what the handler of message ${eventId} answered with ${problem}: the message is remembered without it. ` +
      'Answer with ids and keep the rest elsewhere',
    { facts: { eventId } },
  );
  return { status: 'invalid', error };
}
