import type { Entry } from '../table/entry.ts';
import type { Meter, NewId } from '../core/ports.ts';
import { parkedFrom, waitingFrom } from './admit.ts';
import { attempt, type AttemptOptions, type AttemptPorts } from './attempt.ts';
import type { Fate, WaitingFate } from './fate.ts';
import { reportFates, reportInvalid } from './report.ts';
import { receiptsFor } from './receipts.ts';
import type { InvalidPageRow, PageStore, WaitingRoom } from '../table/store.ts';

/** What delivering needs of the world. */
export interface DeliverPorts extends AttemptPorts {
  readonly store: Pick<PageStore, 'addReceipts'> &
    Pick<WaitingRoom, 'addWaiting' | 'heldAggregates'>;
  readonly newId: NewId;
  readonly meter: Meter;
  /** How long receipts are kept: as long as entries are. */
  readonly retentionMs: number;
}

/** What is to be delivered: entries straight from a page, and rows in their place that are none. */
export interface Delivery {
  readonly entries: readonly Entry[];
  readonly invalid: readonly InvalidPageRow[];
}

/**
 * Delivers fresh entries, for the relay and the sweeper. A replay sends its copies itself.
 *
 * Each entry ends published, or in the waiting room, and then has a receipt that says so; or it is
 * among those answered: unsettled and untouched, for the caller to bring again. Receipts come last, so
 * a crash anywhere leaves at worst entries that are delivered once more, and never a receipt for
 * what was not delivered. Throws what the store throws; then too nothing is lost, for lack of receipts.
 */
export async function deliver(
  { entries, invalid }: Delivery,
  ports: DeliverPorts,
  options: Pick<AttemptOptions, 'deadline' | 'takesOthers'>,
): Promise<Entry[]> {
  const candidates = entries.map((entry) => ({ entry, attempts: 0 }));
  const fates = candidates.length === 0 ? [] : await attempt(candidates, ports, options);
  // Side by side: trouble in the waiting room must not keep the sweeper from knowing what was published.
  const settled = await Promise.allSettled([
    settlePublished(fates, ports),
    settleWaiting(fates, invalid, ports),
  ]);
  reportFates(fates, ports);
  reportInvalid(invalid, ports);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return fates
    .filter(({ status }) => status === 'unsettled')
    .map(({ candidate }) => candidate.entry);
}

async function settlePublished(fates: readonly Fate[], ports: DeliverPorts): Promise<void> {
  const entries = fates.filter(({ status }) => status === 'published').map(entryOf);
  await ports.store.addReceipts(receiptsFor('published', { entries, invalidRows: [] }, ports));
}

async function settleWaiting(
  fates: readonly Fate[],
  invalid: readonly InvalidPageRow[],
  ports: DeliverPorts,
): Promise<void> {
  const now = ports.clock.now();
  const waiting = fates.filter((fate): fate is WaitingFate => fate.status === 'waiting');
  await ports.store.addWaiting([
    ...waiting.map((fate) => waitingFrom(fate, now)),
    ...invalid.map((row) => parkedFrom(row, now)),
  ]);
  const invalidRows = invalid.map(({ key }) => key);
  const entries = waiting.map(entryOf);
  await ports.store.addReceipts(receiptsFor('waiting', { entries, invalidRows }, ports));
}

function entryOf({ candidate }: Fate): Entry {
  return candidate.entry;
}
