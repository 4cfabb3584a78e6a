import type { Row } from './entry.ts';
import { epochSeconds, inboxTable, markerKey, type Condition, type Handled } from './inbox-rows.ts';

/** One worker's claim to a message, so that no other handles it meanwhile. */
export interface MessageLease {
  /** Unique to the claim: what was done under another one does not count. */
  readonly token: string;
  /** When it ends by itself, epoch milliseconds. */
  readonly until: number;
}

const names = { '#pk': inboxTable.pk, '#expiresAt': inboxTable.expiresAt };

/**
 * The row of a message that is being handled: it lies where the marker will be. One that nobody completed is
 * forgotten with the dedupe window.
 */
export function leaseToRow(
  handled: Handled,
  { token, until }: MessageLease,
  { dedupeWindowMs }: { dedupeWindowMs: number },
): Row {
  return {
    ...markerKey(handled),
    leaseToken: token,
    leaseUntil: until,
    expiresAt: Math.ceil((until + dedupeWindowMs) / 1000),
  };
}

/** The condition on a lease's Put: the message was not handled, and nobody holds it at `now` (epoch milliseconds). */
export function isFree(now: number): Condition {
  const notSeenBefore = 'attribute_not_exists(#pk)';
  const leaseExpired = '#leaseUntil < :now';
  const markerExpired = '#expiresAt < :seconds';
  return {
    ConditionExpression: [notSeenBefore, leaseExpired, markerExpired].join(' OR '),
    ExpressionAttributeNames: { ...names, '#leaseUntil': 'leaseUntil' },
    ExpressionAttributeValues: { ':now': now, ':seconds': epochSeconds(now) },
  };
}

/** The condition on whatever is done under a lease: no other worker has taken the message over. */
export function isHeldUnder(token: string): Condition {
  return {
    ConditionExpression: '#leaseToken = :token',
    ExpressionAttributeNames: { '#leaseToken': 'leaseToken' },
    ExpressionAttributeValues: { ':token': token },
  };
}

/** The condition on giving a lease back: it is still held, and nothing was completed under it. */
export function isUnfinishedUnder(token: string): Condition {
  const held = isHeldUnder(token);
  return {
    ...held,
    ConditionExpression: `${held.ConditionExpression} AND attribute_not_exists(#handledAt)`,
    ExpressionAttributeNames: { ...held.ExpressionAttributeNames, '#handledAt': 'handledAt' },
  };
}

/** Under which claim a message was or is handled, as its row says. */
export function leaseTokenOf(row: Row | undefined): string | undefined {
  return row?.['leaseToken'] as string | undefined;
}

/** What was remembered of a message that was handled, as JSON text. */
export function resultOf(row: Row | undefined): string | undefined {
  return row?.['result'] as string | undefined;
}
