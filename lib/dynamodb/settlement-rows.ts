import { auditToRows } from '../table/audit.ts';
import { deferredEntryToRow, type Row } from '../table/entry.ts';
import { lateToRow } from '../table/late.ts';
import { receiptToRow } from '../table/receipt.ts';
import { isInvalidRow, isPageless, type Waiting } from '../table/waiting.ts';
import type { Settlement } from '../table/sweep-store.ts';

/** What is written when a row leaves the waiting room: why it does, and its entry where no page has it yet. */
export function settlementRows(
  before: Waiting,
  { receipt, audit, isLate }: Settlement,
  shards: number,
): Row[] {
  const { entry } = before;
  const rows = audit === undefined ? [] : auditToRows(audit);
  if (receipt === undefined) return rows;
  rows.push(receiptToRow(receipt, shards));
  if (isInvalidRow(entry)) return rows;
  const { expiresAt, outcome, time: outcomeAt } = receipt;
  if (isPageless(before)) rows.push(deferredEntryToRow(entry, { shards, expiresAt }));
  if (isLate === true) rows.push(lateToRow({ entry, outcome, outcomeAt, expiresAt }));
  return rows;
}
