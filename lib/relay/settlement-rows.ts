import { auditToRows } from '../contract/audit.ts';
import { deferredEntryToRow, type Row } from '../contract/entry.ts';
import { receiptToRow } from '../contract/receipt.ts';
import { isInvalidRow, isPageless, type Waiting } from '../contract/waiting.ts';
import type { Settlement } from './sweep-store.ts';

/** What is written when a row leaves the waiting room: why it does, and its entry where no page has it yet. */
export function settlementRows(
  { entry, ...before }: Waiting,
  { receipt, audit }: Settlement,
  shards: number,
): Row[] {
  const isOwed = isPageless(before) && receipt !== undefined && !isInvalidRow(entry);
  return [
    ...(receipt === undefined ? [] : [receiptToRow(receipt, shards)]),
    ...(isOwed ? [deferredEntryToRow(entry, { shards, expiresAt: receipt.expiresAt })] : []),
    ...(audit === undefined ? [] : auditToRows(audit)),
  ];
}
