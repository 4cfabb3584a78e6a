import type { Row } from './entry.ts';
import type { Key } from './keys.ts';

/** Names of the inbox table's keys and of its expiry attribute. */
export const inboxTable = { pk: 'pk', sk: 'sk', expiresAt: 'expiresAt' } as const;

/** Which message of which inbox; a replayed message counts apart from the first delivery. */
export interface Handled {
  readonly inbox: string;
  readonly eventId: string;
  readonly replayId?: string;
}

/** The row that remembers a handled message. */
export function markerKey({ inbox, eventId, replayId }: Handled): Key {
  return {
    pk: `h#${inbox}#${eventId}`,
    sk: replayId === undefined ? 'handled' : `handled#${replayId}`,
  };
}

/** The row of a message handled at `now` (epoch milliseconds). */
export function markerToRow(handled: Handled, times: { now: number; dedupeWindowMs: number }): Row {
  return {
    ...markerKey(handled),
    handledAt: times.now,
    expiresAt: Math.ceil((times.now + times.dedupeWindowMs) / 1000),
  };
}

/**
 * The condition on a marker's Put, in the document client's shape: the message is new at `now` (epoch milliseconds).
 *
 * DynamoDB removes expired rows days late, so one that has expired and still exists does not count.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
 */
export function isNewMessage(now: number): {
  ConditionExpression: string;
  ExpressionAttributeNames: Record<string, string>;
  ExpressionAttributeValues: Row;
} {
  const notSeenBefore = 'attribute_not_exists(#pk)';
  const markerExpired = '#expiresAt < :now';
  return {
    ConditionExpression: [notSeenBefore, markerExpired].join(' OR '),
    ExpressionAttributeNames: { '#pk': inboxTable.pk, '#expiresAt': inboxTable.expiresAt },
    ExpressionAttributeValues: { ':now': epochSeconds(now) },
  };
}

/** Whether a marker that was read says that its message was handled: the opposite of {@link isNewMessage}. */
export function remembersMessage(marker: Row | undefined, now: number): boolean {
  return marker !== undefined && Number(marker[inboxTable.expiresAt]) >= epochSeconds(now);
}

function epochSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}
