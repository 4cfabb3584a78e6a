import { types } from 'node:util';

import { OutboxError } from '../core/errors.ts';
import { ownLimits } from '../core/limits.ts';
import type { EventOptions } from './event.ts';

/**
 * When an event is due (epoch milliseconds), if it says so.
 *
 * A deferred event takes part in no order: those behind it in its sequence would have to wait for it.
 *
 * @throws OutboxError `EVENT_INVALID`, `SEQUENCE_INVALID`
 */
export function readDeliverAt(
  { deliverAt, sequence }: EventOptions,
  { type, now }: { type: string; now: number },
): number | undefined {
  if (deliverAt === undefined) return undefined;
  // Not by instanceof, which fails for a date of another realm.
  const dueAt = types.isDate(deliverAt) ? deliverAt.getTime() : NaN;
  const isPossible = dueAt <= now + ownLimits.maxDeferralMs;
  if (!isPossible) throw notPossible(type, deliverAt);
  if (sequence !== undefined) throw inSequence(type, sequence);
  return dueAt;
}

function notPossible(type: string, given: unknown): OutboxError {
  return new OutboxError(
    'EVENT_INVALID',
    `deliverAt of ${type} must be a valid Date no more than ten years ahead, got ${String(given)}: ` +
      'make it of epoch milliseconds, such as new Date(Date.now() + 15 * 60_000)',
    { facts: { type, deliverAt: given, limitMs: ownLimits.maxDeferralMs } },
  );
}

function inSequence(type: string, sequence: 'next' | number): OutboxError {
  return new OutboxError(
    'SEQUENCE_INVALID',
    `${type} has both deliverAt and sequence ${sequence}: a deferred event takes part in no order, ` +
      'since those behind it would have to wait for it. Leave one of the two out',
    { facts: { type, sequence } },
  );
}
