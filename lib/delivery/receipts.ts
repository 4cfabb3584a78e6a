import type { Entry } from '../table/entry.ts';
import { groupBy } from '../core/group-by.ts';
import { pageOf, pageStart, parsePageKey, timeOfId, type Key, type Page } from '../table/keys.ts';
import type { Receipt, ReceiptOutcome } from '../table/receipt.ts';
import type { Clock, NewId } from '../core/ports.ts';
import { inParts } from '../core/in-parts.ts';

/** What a receipt can speak of: an entry, or a row of a page that is none. */
export interface Settled {
  readonly entries: readonly Entry[];
  /** Those that lie in no page are owed no receipt. */
  readonly invalidRows: readonly Key[];
}

export interface ReceiptPorts {
  readonly clock: Clock;
  readonly newId: NewId;
  /** How long entries are kept, from their own time on. */
  readonly retentionMs: number;
}

/** What one receipt speaks of at the most, so that it fits in an item: 16 bytes an id, and up to 1 KB a sort key. */
const most = { eventIds: 5_000, invalidRows: 250 };

/**
 * The receipts for settled entries: one for each page that they lie in, which is usually one, at a minute's
 * turn two; more only where there are thousands.
 */
export function receiptsFor(
  outcome: ReceiptOutcome,
  settled: Settled,
  ports: ReceiptPorts,
): Receipt[] {
  const entries = groupBy(settled.entries, ({ id }) => pageOf(timeOfId(id)));
  const invalid = groupBy(settled.invalidRows, ({ pk }) => parsePageKey(pk)?.page);
  const pages = new Set(
    [...entries.keys(), ...invalid.keys()].filter((page) => page !== undefined),
  );
  const time = ports.clock.now();
  return [...pages].flatMap((page) => {
    const eventIds = inParts(entries.get(page) ?? [], most.eventIds).map((part) =>
      part.map(({ id }) => id),
    );
    const invalidRows = inParts(invalid.get(page) ?? [], most.invalidRows).map((part) =>
      part.map(({ sk }) => sk),
    );
    return Array.from({ length: Math.max(eventIds.length, invalidRows.length) }, (_, index) => ({
      id: ports.newId(time),
      page,
      outcome,
      time,
      eventIds: eventIds[index] ?? [],
      invalidRows: invalidRows[index] ?? [],
      expiresAt: expiryOf(page, ports.retentionMs),
    }));
  });
}

/** Not before the last entry of the page expires. Epoch seconds. */
function expiryOf(page: Page, retentionMs: number): number {
  const pageEnd = pageStart(page) + 60_000;
  return Math.ceil((pageEnd + retentionMs) / 1000);
}
