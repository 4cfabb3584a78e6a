import type { Message } from '../table/message.ts';
import { toInboxMessage, type InboxMessage } from '../inbox/message.ts';
import type { SagaEvent, SagaParts } from './parts.ts';
import { sagaInvalid } from './saga-invalid.ts';

/** Room for it in an aggregate, beside the longest name of a saga. */
const maxKeyBytes = 900;

/**
 * Which saga an event is about; `undefined` where it is none of theirs.
 *
 * @throws OutboxError `SAGA_INVALID` for what cannot be a key
 */
export function keyOf<State>(parts: SagaParts<State>, event: SagaEvent): string | undefined {
  const { name, deadline } = parts;
  if (event.type === deadline.type) return event.aggregate.slice(`${deadline.aggregate}/`.length);
  const own = parts.keys.get(event.type);
  const key = own === undefined ? fieldOf(event.data, parts.key) : own(event as InboxMessage);
  if (own !== undefined && key === undefined) return undefined;
  if (typeof key === 'string' && isKey(key)) return key;
  const field = own === undefined && parts.key !== undefined ? `, data.${parts.key},` : '';
  throw sagaInvalid(
    name,
    `the key of ${event.type} ${event.id}${field} must be a text of 1 to ${maxKeyBytes} bytes, got ${typeof key}: ` +
      'where its data has no such field, give the event a key of its own',
  );
}

function fieldOf(data: unknown, field: string | undefined): unknown {
  if (typeof data !== 'object' || data === null || field === undefined) return undefined;
  return Object.hasOwn(data, field) ? (data as Record<string, unknown>)[field] : undefined;
}

/**
 * The key of the saga that a message seems to be about, before its data was checked and brought up to date;
 * `undefined` where that cannot be told.
 */
export function likelyKeyOf<State>(parts: SagaParts<State>, message: Message): string | undefined {
  try {
    return keyOf(parts, toInboxMessage(message, message.data, message.dataversion));
  } catch {
    // It will be called again with data that was checked, and whatever is wrong will be told then.
    return undefined;
  }
}

function isKey(key: string): boolean {
  return key !== '' && key.isWellFormed() && Buffer.byteLength(key) <= maxKeyBytes;
}
