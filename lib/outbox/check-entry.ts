import type { Entry, Row } from '../table/entry.ts';
import type { Acceptance } from '../core/environment.ts';
import { OutboxError } from '../core/errors.ts';
import { matchesType } from '../core/event-types.ts';
import { timeOfId } from '../table/keys.ts';
import { limits, ownLimits } from '../core/limits.ts';
import { toMessageJson } from '../table/message.ts';
import type { Draft } from '../events/draft.ts';
import { itemBytes } from '../dynamodb/item-size.ts';

/**
 * Checks that an event's id is of the present, or of when the event is due: its page follows from it, and must
 * not be settled yet.
 *
 * @throws OutboxError `EVENT_STALE`
 */
export function checkFresh({ entry, deliverAt = 0 }: Draft, now: number): void {
  const { id, type } = entry;
  const ageMs = Math.max(now, deliverAt) - timeOfId(id);
  const limit = ownLimits.maxEventAgeMs;
  if (Math.abs(ageMs) <= limit) return;
  throw new OutboxError(
    'EVENT_STALE',
    `event ${type} ${id} has an id of ${ageMs} ms before it is written, or due, which may be ${limit} ms at most, before or after: ` +
      'make it anew, and check the clock of the machine that made it',
    { facts: { type, eventId: id, ageMs, limit } },
  );
}

/**
 * Checks that some destination takes an entry's type, and that its message fits every one that does.
 *
 * @throws OutboxError `EVENT_TYPE_UNWANTED`, `MESSAGE_TOO_LARGE`
 */
export function checkAccepted(entry: Entry, accepts: readonly Acceptance[]): void {
  const { id, type } = entry;
  const takers = accepts.filter(({ types }) => matchesType(types, type));
  if (takers.length === 0) {
    throw new OutboxError(
      'EVENT_TYPE_UNWANTED',
      `no destination of the outbox takes events of type ${type}: add the type to a destination, or do not write the event`,
      { facts: { type, eventId: id, taken: accepts.flatMap(({ types = ['*'] }) => types) } },
    );
  }
  const limit = Math.min(...takers.map(({ maxMessageBytes }) => maxMessageBytes));
  const bytes = Buffer.byteLength(toMessageJson(entry, '')) + ownLimits.messageOverheadBytes;
  if (bytes <= limit) return;
  throw new OutboxError(
    'MESSAGE_TOO_LARGE',
    `message of ${type} ${id} takes up to ${bytes} bytes, but a destination of its type takes ${limit} at most: ${keepElsewhere}`,
    { facts: { type, eventId: id, bytes, limit } },
  );
}

/**
 * Checks that an entry's row fits the table, and its copy in the waiting room too.
 *
 * @throws OutboxError `ENTRY_TOO_LARGE`
 */
export function checkEntrySize({ id, type }: Entry, row: Row): void {
  const bytes = itemBytes(row) + ownLimits.waitingOverheadBytes;
  const limit = limits.table.maxItemBytes;
  if (bytes <= limit) return;
  throw new OutboxError(
    'ENTRY_TOO_LARGE',
    `entry of ${type} ${id} takes ${bytes} bytes of a table's ${limit} (${ownLimits.waitingOverheadBytes} of them for the waiting room): ${keepElsewhere}`,
    { facts: { type, eventId: id, bytes, limit } },
  );
}

const keepElsewhere = 'keep large data in S3 and its place in the event';
