import type { AuditNote } from '../../contract/audit.ts';
import type { Entry } from '../../contract/entry.ts';
import type { GiveUp } from '../../contract/waiting.ts';
import { receiptsFor, type ReceiptPorts } from '../deliver/receipts.ts';
import type { Settlement } from '../sweep-store.ts';

/**
 * Why an entry leaves the waiting room: it was published, or given up and its consumers were told.
 *
 * Its receipt is kept as long as those of today, since it may have waited for longer than they are kept.
 */
export function settlementOf(
  entry: Entry,
  giveUp: GiveUp | undefined,
  ports: ReceiptPorts,
): Settlement {
  const outcome = giveUp === undefined ? 'published' : 'discarded';
  const [receipt] = receiptsFor(outcome, { entries: [entry], invalidRows: [] }, ports);
  if (receipt === undefined) return {};
  const keptUntil = Math.ceil((ports.clock.now() + ports.retentionMs) / 1000);
  return {
    receipt: { ...receipt, expiresAt: Math.max(receipt.expiresAt, keptUntil) },
    ...(giveUp === undefined ? {} : { audit: noteOf(entry, giveUp) }),
  };
}

function noteOf({ id, aggregate }: Entry, giveUp: GiveUp): AuditNote {
  return { ...giveUp, action: 'discard', eventId: id, aggregate };
}
