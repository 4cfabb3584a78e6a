import { OutboxError } from '../../contract/error.ts';
import { isInvalidMessage, type InvalidMessage, type Message } from '../../contract/message.ts';
import { definedOnly } from '../../contract/pick.ts';
import type { Log, LogFields } from '../ports.ts';
import { traceIdOf } from '../trace.ts';
import type { SqsRecord } from './sqs-event.ts';

/** A log whose lines carry the ids of one message. Give it ids, names and numbers, never payloads. */
export interface MessageLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * A log whose lines all carry `keys`.
 *
 * Keys are passed with each line and kept nowhere, so that records handled in parallel cannot mix them up.
 */
export function withKeys(log: Log, keys: LogFields): MessageLog {
  return {
    debug: (message, fields) => {
      log.debug(message, { ...keys, ...fields });
    },
    info: (message, fields) => {
      log.info(message, { ...keys, ...fields });
    },
    warn: (message, fields) => {
      log.warn(message, { ...keys, ...fields });
    },
    error: (message, fields) => {
      log.error(message, { ...keys, ...fields });
    },
  };
}

/** The keys of one record's log lines: ids and names, nothing of the payload. */
export function logKeysOf(record: SqsRecord, message: Message | InvalidMessage): LogFields {
  const { messageId } = record;
  if (isInvalidMessage(message)) return { messageId };
  const { id, type, subject, correlationid, causationid, traceparent = '' } = message;
  return {
    ...{ messageId, eventId: id, type, aggregate: subject, correlationId: correlationid },
    ...definedOnly({ causationId: causationid, traceId: traceIdOf(traceparent) }),
  };
}

/**
 * An error as a log line may hold it: what it says and where it came from. Whatever else hangs on it (the
 * items of a cancelled transaction, for one) stays out.
 */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: { message: String(error) } };
  const { name, message, stack, cause } = error;
  return {
    ...(OutboxError.is(error) ? { code: error.code } : {}),
    error: { name, message, stack, ...(cause instanceof Error ? { cause: cause.message } : {}) },
  };
}
