import type { OutboxErrorCode } from '../core/errors.ts';
import type { InvalidMessage, Message } from '../table/message.ts';
import type { Log } from '../core/ports.ts';
import { openEnvelope } from './envelope.ts';
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

/** What became of a delivery. Everything is acknowledged that {@link isDone}. */
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
  /** Another worker has it in hand: it comes again when that one must have ended. */
  | { readonly status: 'in-hand' }
  | { readonly status: 'dead-lettered'; readonly rejection: Rejection }
  | Failed;

/** Whether the queue may forget the message. */
export function isDone({ status }: Outcome): boolean {
  return status !== 'failed' && status !== 'in-hand';
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
