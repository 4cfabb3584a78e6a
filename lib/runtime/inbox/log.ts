import { isInvalidMessage, type InvalidMessage, type Message } from '../../contract/message.ts';
import type { Log, LogFields } from '../ports.ts';
import type { SqsRecord } from './sqs-event.ts';

/**
 * A log whose lines all carry `keys`.
 *
 * Keys are passed with each line and kept nowhere, so that records handled in parallel cannot mix them up.
 */
export function withKeys(log: Log, keys: LogFields): Log {
  const add = (fields?: LogFields): LogFields => ({ ...keys, ...fields });
  return {
    debug: (message, fields) => {
      log.debug(message, add(fields));
    },
    info: (message, fields) => {
      log.info(message, add(fields));
    },
    warn: (message, fields) => {
      log.warn(message, add(fields));
    },
    error: (message, fields) => {
      log.error(message, add(fields));
    },
  };
}

/** The keys of one record's log lines: ids and names, nothing of the payload. */
export function logKeysOf(record: SqsRecord, message: Message | InvalidMessage): LogFields {
  const { messageId } = record;
  if (isInvalidMessage(message)) return { messageId };
  const { id, type, subject, correlationid } = message;
  return { messageId, eventId: id, type, aggregate: subject, correlationId: correlationid };
}
