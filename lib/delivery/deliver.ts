import { groupBy, inParts } from '../core/collections.ts';
import { outboxMetrics } from '../core/metrics.ts';
import type { Clock, Log, Meter, NewId } from '../core/ports.ts';
import type { Entry } from '../table/entry.ts';
import { pageOf, pageStart, parsePageKey, timeOfId, type Key, type Page } from '../table/keys.ts';
import type { Receipt, ReceiptOutcome } from '../table/receipt.ts';
import type { InvalidPageRow, PageStore, WaitingRoom } from '../table/stores.ts';
import { attempt, type AttemptOptions, type AttemptPorts } from './attempt.ts';
import { parkedFrom, waitingFrom, type Fate, type WaitingFate } from './fate.ts';

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
export interface DeliveryBatch {
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
  { entries, invalid }: DeliveryBatch,
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

/** What a receipt can speak of: an entry, or a row of a page that is none. */
export interface SettledEntry {
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

/** What one receipt speaks of at most, so that it fits in an item: 16 bytes an id, and up to 1 KB a sort key. */
const most = { eventIds: 5_000, invalidRows: 250 };

/**
 * The receipts for settled entries: one for each page that they lie in, which is usually one, at a minute's
 * turn two; more only where there are thousands.
 */
export function receiptsFor(
  outcome: ReceiptOutcome,
  settled: SettledEntry,
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

/** Counts the results of entries, and logs by id each one that was not published. */
function reportFates(
  fates: readonly Fate[],
  { meter, log, clock }: { meter: Meter; log: Log; clock: Clock },
): void {
  const counts = groupBy(fates, metricOf);
  for (const [metric, { length }] of counts) meter.count(metric, length);
  const published = counts.get(outboxMetrics.published) ?? [];
  if (published.length > 0) {
    const oldest = Math.min(...published.map(({ candidate }) => timeOfId(candidate.entry.id)));
    meter.time(outboxMetrics.latency, clock.now() - oldest);
  }
  for (const fate of fates) if (fate.status !== 'published') logFate(fate, log);
}

function metricOf(fate: Fate): string {
  return outboxMetrics[fate.status === 'waiting' ? fate.state : fate.status];
}

/** Logs by id the result of an entry that was not published. */
export function logFate(fate: Exclude<Fate, { status: 'published' }>, log: Log): void {
  const { id, type, aggregate, sequence } = fate.candidate.entry;
  const { code, destination } = fate.error;
  const state = fate.status === 'waiting' ? fate.state : fate.status;
  const fields = { eventId: id, type, aggregate, sequence, state, code, destination };
  if (state === 'parked') log.error('entry parked: manual action required', fields);
  else log.warn('entry not delivered yet', fields);
}

/** Counts and logs rows in an entry's place that are none. */
function reportInvalid(
  invalid: readonly InvalidPageRow[],
  { meter, log }: { meter: Meter; log: Log },
): void {
  if (invalid.length > 0) meter.count(outboxMetrics.parked, invalid.length);
  for (const { key, problem } of invalid) {
    log.error('row parked: not a valid entry, manual action required', { ...key, problem });
  }
}
