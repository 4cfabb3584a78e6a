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

/** The prefixes of an inbox's partition keys: what it handled; and, in sequence, its aggregates and its gaps. */
export function inboxKeyPrefixes(inbox: string): readonly string[] {
  return ['h', 'o', 'g'].map((kind) => `${kind}#${inbox}#`);
}

/** What is stored about a handled message, in addition to its marker. */
export interface Memory {
  /** Whose lease it was handled under: completing again with the same one changes nothing. */
  readonly leaseToken?: string;
  /** What its handler made of it, as JSON text. */
  readonly result?: string;
}

/** The row of a message handled at `now` (epoch milliseconds). */
export function markerToRow(
  handled: Handled,
  times: { now: number; dedupeWindowMs: number },
  memory: Memory = {},
): Row {
  return {
    ...markerKey(handled),
    handledAt: times.now,
    expiresAt: Math.ceil((times.now + times.dedupeWindowMs) / 1000),
    ...memory,
  };
}

/** A condition of the document client's. */
export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Row;
}

/**
 * The condition on a marker's Put: the message is new at `now` (epoch milliseconds). One that is only leased is
 * new: it was not handled yet.
 *
 * DynamoDB removes expired rows days late, so one that has expired and still exists does not count.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
 */
export function isNewMessage(now: number): Condition {
  const notHandledBefore = 'attribute_not_exists(#handledAt)';
  const markerExpired = '#expiresAt < :now';
  return {
    ConditionExpression: [notHandledBefore, markerExpired].join(' OR '),
    ExpressionAttributeNames: { '#handledAt': 'handledAt', '#expiresAt': inboxTable.expiresAt },
    ExpressionAttributeValues: { ':now': epochSeconds(now) },
  };
}

/** Whether a marker that was read says that its message was handled: the opposite of {@link isNewMessage}. */
export function remembersMessage(marker: Row | undefined, now: number): boolean {
  if (marker?.['handledAt'] === undefined) return false;
  return Number(marker[inboxTable.expiresAt]) >= epochSeconds(now);
}

/** Epoch seconds, as DynamoDB's expiry has them. */
export function epochSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}

/** One worker's claim to a message, so that no other handles it meanwhile. */
export interface MessageLease {
  /** Unique to the claim: what was done under another one does not count. */
  readonly token: string;
  /** When it ends by itself, epoch milliseconds. */
  readonly until: number;
}

const names = { '#pk': inboxTable.pk, '#expiresAt': inboxTable.expiresAt };

/**
 * The row of a message that is being handled: it has the marker's key. One that is never completed
 * expires with the dedupe window.
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

/** The condition on a lease's Put: the message was not handled, and no worker holds it at `now` (epoch milliseconds). */
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

/** The condition on everything done under a lease: no other worker has taken the message over. */
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
