import type { Entry } from '../../contract/entry.ts';
import {
  pageOf,
  pageStart,
  parsePageKey,
  timeOfId,
  type Key,
  type Page,
} from '../../contract/keys.ts';
import type { Receipt, ReceiptOutcome } from '../../contract/receipt.ts';
import type { Clock, NewId } from '../../runtime/ports.ts';

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

/** One receipt for each page that the settled entries lie in: usually one, at a minute's turn two. */
export function receiptsFor(
  outcome: ReceiptOutcome,
  settled: Settled,
  ports: ReceiptPorts,
): Receipt[] {
  const entries = Map.groupBy(settled.entries, ({ id }) => pageOf(timeOfId(id)));
  const invalid = Map.groupBy(settled.invalidRows, ({ pk }) => parsePageKey(pk)?.page);
  const pages = new Set(
    [...entries.keys(), ...invalid.keys()].filter((page) => page !== undefined),
  );
  const time = ports.clock.now();
  return [...pages].map((page) => ({
    id: ports.newId(time),
    page,
    outcome,
    time,
    eventIds: (entries.get(page) ?? []).map(({ id }) => id),
    invalidRows: (invalid.get(page) ?? []).map(({ sk }) => sk),
    expiresAt: expiryOf(page, ports.retentionMs),
  }));
}

/** Not before the last entry of the page expires. Epoch seconds. */
function expiryOf(page: Page, retentionMs: number): number {
  const pageEnd = pageStart(page) + 60_000;
  return Math.ceil((pageEnd + retentionMs) / 1000);
}
