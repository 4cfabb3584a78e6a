import { outboxMetrics } from '../core/metrics.ts';
import { receiptsFor, type ReceiptPorts } from '../delivery/deliver.ts';
import { noDestinationCode, type SettledFate, type WaitingFate } from '../delivery/fate.ts';
import type { AuditNote } from '../table/audit.ts';
import type { Entry } from '../table/entry.ts';
import { timeOfId } from '../table/keys.ts';
import { closingAgeMs } from '../table/page-times.ts';
import type { Settlement } from '../table/stores.ts';
import {
  keyOfWaiting,
  withAttempt,
  type DeliveryError,
  type DiscardRequest,
  type Waiting,
} from '../table/waiting.ts';
import type { SweepPorts } from './ports.ts';

/** A claimed row, and the valid entry that it holds. */
export interface ClaimedEntry {
  readonly row: Waiting;
  readonly entry: Entry;
}

/**
 * Writes down what an attempt made of a row that was claimed for it; returns whether the row no longer
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
    return ports.store.removeWaiting(row, settlementOf(entry, row.discard, ports));
  }
  const next = afterAttempt(row, fate, ports.clock.now());
  return (await ports.store.changeWaiting(row, next)) && !next.blocksLane;
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
  ports.log.error('entry parked: manual action required', {
    ...keyOfWaiting(row.entry),
    attempts,
    code,
  });
}

/** A discarded entry without a destination needs no skip notice. */
function isUnwantedNotice({ discard }: Waiting, { error }: WaitingFate): boolean {
  return discard !== undefined && error.code === noDestinationCode;
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
    blocksLane: row.blocksLane && fate.blocksLane,
  };
  if (!fate.isAttempted) return next;
  return {
    ...next,
    error,
    recentAttempts: withAttempt(row.recentAttempts, { at: now, code: error.code }),
    firstTriedAt: row.firstTriedAt ?? now,
    lastTriedAt: now,
  };
}

function answered({ unfinishedAttempts: _answered, ...row }: Waiting): Waiting {
  return row;
}

export interface SettlementPorts extends ReceiptPorts {
  /** Where the outbox is archived to: then what leaves late is kept for it. @default - it is not archived */
  readonly archive?: string;
}

/** The age from which on a page may have been archived: an hour less, for clocks that differ. */
const lateAgeMs = closingAgeMs - 60 * 60 * 1000;

/**
 * Why an entry leaves the waiting room: it was published, or discarded and its consumers received the skip notice.
 *
 * Its receipt is kept as long as those of today, since it may have waited for longer than they are kept.
 */
export function settlementOf(
  entry: Entry,
  giveUp: DiscardRequest | undefined,
  ports: SettlementPorts,
): Settlement {
  const outcome = giveUp === undefined ? 'published' : 'discarded';
  const [receipt] = receiptsFor(outcome, { entries: [entry], invalidRows: [] }, ports);
  if (receipt === undefined) return {};
  const keptUntil = Math.ceil((ports.clock.now() + ports.retentionMs) / 1000);
  return {
    receipt: { ...receipt, expiresAt: Math.max(receipt.expiresAt, keptUntil) },
    ...(giveUp === undefined ? {} : { audit: noteOf(entry, giveUp) }),
    ...(isLate(entry, ports) ? { isLate: true } : {}),
  };
}

function isLate({ id }: Entry, { archive, clock }: SettlementPorts): boolean {
  return archive !== undefined && clock.now() - timeOfId(id) > lateAgeMs;
}

function noteOf({ id, aggregate }: Entry, giveUp: DiscardRequest): AuditNote {
  return { ...giveUp, action: 'discard', eventId: id, aggregate };
}
