import type { Entry } from '../table/entry.ts';
import { outboxMetrics } from '../core/outbox-metrics.ts';
import { keyOfWaiting, withAttempt, type DeliveryError, type Waiting } from '../table/waiting.ts';
import { noDestinationCode, type SettledFate, type WaitingFate } from '../delivery/fate.ts';
import type { SweepPorts } from './ports.ts';
import { settlementOf } from './settlement.ts';

/** A claimed row, and the valid entry that it holds. */
export interface ClaimedEntry {
  readonly row: Waiting;
  readonly entry: Entry;
}

/**
 * Writes down what an attempt made of a row that was claimed for it; answers whether the row no longer
 * holds its aggregate.
 *
 * Where somebody else changed the row meanwhile, theirs stands: at worst the entry is delivered again.
 */
export async function record(
  { row, entry }: ClaimedEntry,
  fate: SettledFate,
  ports: SweepPorts,
): Promise<boolean> {
  if (fate.status === 'published' || isUnwantedNotice(row, fate)) {
    return ports.store.removeWaiting(row, settlementOf(entry, row.giveUp, ports));
  }
  const next = afterAttempt(row, fate, ports.clock.now());
  return (await ports.store.changeWaiting(row, next)) && !next.holds;
}

/** Parks a claimed row that is not to be attempted. */
export async function park(row: Waiting, error: DeliveryError, ports: SweepPorts): Promise<void> {
  const attempts = row.attempts - 1;
  const dueAt = ports.clock.now();
  const isParked = await ports.store.changeWaiting(row, {
    ...answered(row),
    state: 'parked',
    attempts,
    dueAt,
    error,
  });
  if (!isParked) return;
  ports.meter.count(outboxMetrics.parked, 1);
  const { code } = error;
  ports.log.error('entry parked: it needs a person', {
    ...keyOfWaiting(row.entry),
    attempts,
    code,
  });
}

/** Where nobody wants an entry that was given up, nobody has to be told. */
function isUnwantedNotice({ giveUp }: Waiting, { error }: WaitingFate): boolean {
  return giveUp !== undefined && error.code === noDestinationCode;
}

function afterAttempt(row: Waiting, fate: WaitingFate, now: number): Waiting {
  const { state, missing, attempts, delayMs, error } = fate;
  const next: Waiting = {
    ...answered(row),
    state,
    dueAt: now + delayMs,
    attempts,
    missing,
    // What waits may come to hold less as destinations get it, never more.
    holds: row.holds && fate.holds,
  };
  if (!fate.isAttempted) return next;
  return {
    ...next,
    error,
    tried: withAttempt(row.tried, { at: now, code: error.code }),
    firstTriedAt: row.firstTriedAt ?? now,
    lastTriedAt: now,
  };
}

function answered({ unanswered: _answered, ...row }: Waiting): Waiting {
  return row;
}
