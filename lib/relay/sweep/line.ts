import { isInvalidRow, keyOfWaiting, waitingToRow, type Waiting } from '../../contract/waiting.ts';
import { rowToSummary, type WaitingSummary } from '../../contract/waiting-summary.ts';
import { heldCheckMs } from '../fate.ts';
import type { SweepPorts } from './ports.ts';

/** Whether a row may go: nothing of its aggregate that holds it waits before it. */
export async function isFirstInLine(row: WaitingSummary, { store }: SweepPorts): Promise<boolean> {
  if (row.aggregate === undefined || !row.holds) return true;
  const first = await store.firstInLine(row.aggregate);
  return first === undefined || sortKeyOf(first) >= row.key.sk;
}

/** The row that is first in line now that `gone` left, if it was held behind it. */
export async function nextInLine(
  gone: Waiting,
  { store, clock }: SweepPorts,
): Promise<WaitingSummary | undefined> {
  if (isInvalidRow(gone.entry)) return undefined;
  const first = await store.firstInLine(gone.entry.aggregate);
  if (first?.state !== 'held') return undefined;
  const released: Waiting = { ...first, state: 'retrying', dueAt: clock.now() };
  return (await store.changeWaiting(first, released)) ? summaryOf(released) : undefined;
}

/** Puts off a row whose turn has not come. Where it changed meanwhile, somebody else saw to it. */
export async function waitLonger(row: WaitingSummary, { store, clock }: SweepPorts): Promise<void> {
  const waiting = await store.getWaiting(row.key);
  if (waiting === undefined) return;
  await store.changeWaiting(waiting, {
    ...waiting,
    state: 'held',
    dueAt: clock.now() + heldCheckMs,
  });
}

function sortKeyOf({ entry }: Waiting): string {
  return keyOfWaiting(entry).sk;
}

function summaryOf(waiting: Waiting): WaitingSummary {
  return rowToSummary(waitingToRow(waiting));
}
