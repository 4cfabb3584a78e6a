import type { Row } from './entry.ts';
import { parsePageKey, receiptKey, receiptPrefix, type Page } from './keys.ts';

/** The outcome of entries: delivered everywhere, moved to the waiting room, or discarded by an operator. */
export type ReceiptOutcome = 'published' | 'waiting' | 'discarded';

export const receiptOutcomes: readonly ReceiptOutcome[] = ['published', 'waiting', 'discarded'];

/** Records the outcome of entries of one page. A page is settled when each of its entries has one. */
export interface Receipt {
  readonly id: string;
  readonly page: Page;
  readonly outcome: ReceiptOutcome;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly eventIds: readonly string[];
  /** Sort keys of rows in the page that are no valid entries, and so have no event id. */
  readonly invalidRows?: readonly string[];
  /** Epoch seconds; not before that of its entries. */
  readonly expiresAt: number;
}

const idBytes = 16;

/** The outbox table's row of a receipt: 16 bytes per event id, so a hundred of them cost two write units. */
export function receiptToRow(receipt: Receipt, shards: number): Row {
  const { id, page, eventIds, invalidRows, ...rest } = receipt;
  return {
    ...receiptKey(page, id, shards),
    ...rest,
    ids: packIds(eventIds),
    ...(invalidRows === undefined || invalidRows.length === 0 ? {} : { invalidRows }),
  };
}

/**
 * Whether a row can be read as a receipt. One that cannot settles nothing: what it was to speak of is
 * delivered again, which is safe.
 */
export function isReceiptRow({ pk, sk, outcome, ids, invalidRows }: Row): boolean {
  const isOfPage = typeof pk === 'string' && parsePageKey(pk) !== undefined;
  const isReceipt = typeof sk === 'string' && sk.startsWith(receiptPrefix);
  const hasOutcome = receiptOutcomes.some((known) => known === outcome);
  return isOfPage && isReceipt && hasOutcome && isPacked(ids) && isListIfAny(invalidRows);
}

export function rowToReceipt(row: Row): Receipt {
  const { pk, sk, outcome, time, ids, invalidRows, expiresAt } = row as {
    pk: string;
    sk: string;
    outcome: ReceiptOutcome;
    time: number;
    ids: Uint8Array;
    invalidRows?: string[];
    expiresAt: number;
  };
  return {
    id: sk.slice(receiptPrefix.length),
    page: parsePageKey(pk)?.page ?? '',
    outcome,
    time,
    eventIds: unpackIds(ids),
    ...(invalidRows === undefined ? {} : { invalidRows }),
    expiresAt,
  };
}

/** UUIDs as bytes, 16 each, in order. */
export function packIds(ids: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(ids.join('').replaceAll('-', ''), 'hex'));
}

export function unpackIds(packed: Uint8Array): string[] {
  return Array.from({ length: packed.length / idBytes }, (_, index) => {
    const hex = Array.from(packed.subarray(index * idBytes, (index + 1) * idBytes), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  });
}

function isPacked(ids: unknown): boolean {
  return ids instanceof Uint8Array && ids.length % idBytes === 0;
}

function isListIfAny(value: unknown): boolean {
  return value === undefined || Array.isArray(value);
}

/** The later, the more it says: who waited and was published has both receipts. */
const order: readonly ReceiptOutcome[] = ['waiting', 'discarded', 'published'];

/** The receipts that record the final outcome of entries, by event id. */
export function lastReceipts(receipts: readonly Receipt[]): Map<string, Receipt> {
  const last = new Map<string, Receipt>();
  const sorted = receipts.toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  // One by one: a page may have receipts of a million entries.
  for (const receipt of sorted) for (const id of receipt.eventIds) last.set(id, receipt);
  return last;
}
