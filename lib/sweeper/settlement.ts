import type { AuditNote } from '../table/audit.ts';
import type { Entry } from '../table/entry.ts';
import { timeOfId } from '../table/keys.ts';
import type { GiveUp } from '../table/waiting.ts';
import { receiptsFor, type ReceiptPorts } from '../delivery/receipts.ts';
import type { Settlement } from '../table/sweep-store.ts';
import { closingAgeMs } from '../table/page-times.ts';

export interface SettlementPorts extends ReceiptPorts {
  /** Where the outbox is archived to: then what leaves late is kept for it. @default - it is not archived */
  readonly archive?: string;
}

/** The age from which on a page may have been archived: an hour less, for clocks that differ. */
const lateAgeMs = closingAgeMs - 60 * 60 * 1000;

/**
 * Why an entry leaves the waiting room: it was published, or given up and its consumers were told.
 *
 * Its receipt is kept as long as those of today, since it may have waited for longer than they are kept.
 */
export function settlementOf(
  entry: Entry,
  giveUp: GiveUp | undefined,
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

function noteOf({ id, aggregate }: Entry, giveUp: GiveUp): AuditNote {
  return { ...giveUp, action: 'discard', eventId: id, aggregate };
}
