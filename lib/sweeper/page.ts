import { matchesType } from '../core/event-types.ts';
import { deliver, receiptsFor } from '../delivery/deliver.ts';
import { parkedFrom } from '../delivery/fate.ts';
import type { Entry } from '../table/entry.ts';
import type { Page } from '../table/keys.ts';
import { isExpiring } from '../table/page-times.ts';
import type { PageChunk } from '../table/stores.ts';
import type { Waiting } from '../table/waiting.ts';
import type { Horizon } from './horizon.ts';
import type { Budget, SweepPorts } from './ports.ts';
import { missingOf, partsOf, probeOthers, settledBy, sizeOf } from './probe.ts';

/** What a look at a page shows: nothing at all, nothing without a receipt, or something. */
export type Look = 'empty' | 'settled' | 'open';

/** The result of sweeping a page. */
export interface PageResult {
  readonly found: number;
  /** `taken`: another sweeper is at it. `left`: a relay says that it is on its way there. `failed`: the table did. */
  readonly ended: 'settled' | 'taken' | 'left' | 'outage' | 'out of time' | 'failed';
}

/** What settling a page takes. */
export interface PageRun {
  readonly ports: SweepPorts;
  /** When a probe last showed that a destination takes others (epoch milliseconds). */
  readonly evidence: { at: number };
  readonly budget: Budget;
  readonly horizon: Horizon;
}

/** For how long a probe speaks for the parts behind that are refused too: it may have used up all later entries. */
const evidenceFreshMs = 10_000;

/** Sweepers that must die of one page, one after the other, for its entries to be set aside. */
const maxCrashesPerPage = 3;

/** Looks whether a page has entries without a receipt. Takes no lease, since nearly all pages are settled. */
export async function lookAt(page: Page, { store, shards }: SweepPorts): Promise<Look> {
  const { receipts, chunks } = await store.openPage(page, shards);
  const settled = settledBy(receipts);
  let isEmpty = receipts.length === 0;
  for await (const chunk of chunks) {
    isEmpty = false;
    if (sizeOf(missingOf(chunk, settled)) > 0) return 'open';
  }
  return isEmpty ? 'empty' : 'settled';
}

/**
 * Delivers what has no receipt in a page, for as long as it may.
 *
 * Who delivers takes the page for itself, and looks again, since another may just have done it. A lease is
 * given back only by who came to an end: one that is not says that its holder died, or failed, of the page.
 */
export async function settlePage(page: Page, run: PageRun): Promise<PageResult> {
  const { ports, budget } = run;
  const { holder, ownedUntil: until } = budget;
  const lease = { page, holder, now: ports.clock.now(), until };
  const takes = await ports.store.leasePage(lease);
  if (takes === undefined) return { found: 0, ended: 'taken' };
  const settle = takes > maxCrashesPerPage ? setAsideAfterCrashes : deliverOrKeep;
  const result = await settleMissing(page, run, (part) => settle(part, page, run));
  await ports.store.releasePage(lease);
  return result;
}

async function settleMissing(
  page: Page,
  run: PageRun,
  settle: (part: PageChunk) => Promise<readonly unknown[]>,
): Promise<PageResult> {
  const { ports, budget, horizon } = run;
  const { receipts, chunks } = await ports.store.openPage(page, ports.shards);
  const settled = settledBy(receipts);
  let found = 0;
  for await (const chunk of chunks) {
    for (const part of partsOf(missingOf(chunk, settled))) {
      if (ports.clock.now() >= budget.deadline) return { found, ended: 'out of time' };
      if (!(await horizon.isRipe(page))) return { found, ended: 'left' };
      const unsettled = await settle(part);
      found += sizeOf(part) - unsettled.length;
      if (unsettled.length > 0) return { found, ended: whyUnsettled(run) };
    }
  }
  return { found, ended: 'settled' };
}

/** Returns what is left where it is. */
async function deliverOrKeep(part: PageChunk, page: Page, run: PageRun): Promise<readonly Entry[]> {
  const { ports, budget } = run;
  // Of these entries none is taken. Where later ones are, the cause lies in these, and they must not keep those back.
  const takesOthers = async (): Promise<boolean> => {
    if (ports.clock.now() - run.evidence.at <= evidenceFreshMs) return true;
    if (!(await probeOthers({ behind: page, ports, budget }))) return false;
    run.evidence.at = ports.clock.now();
    return true;
  };
  const unsettled = await deliver(part, ports, { deadline: budget.deadline, takesOthers });
  const { retentionMs } = ports;
  const now = ports.clock.now();
  const isOutage = unsettled.length > 0 && now < budget.deadline;
  if (!isOutage || !isExpiring(page, { now, retentionMs })) return unsettled;
  await setAside(
    { entries: unsettled, invalid: [] },
    'no destination takes them, and their page expires',
    ports,
  );
  return [];
}

async function setAsideAfterCrashes(
  part: PageChunk,
  _page: Page,
  { ports }: PageRun,
): Promise<readonly Entry[]> {
  await setAside(part, 'sweepers died of their page', ports);
  return [];
}

function whyUnsettled({ ports, budget }: PageRun): 'out of time' | 'outage' {
  return ports.clock.now() >= budget.deadline ? 'out of time' : 'outage';
}

/**
 * Moves entries to the waiting room without an attempt, due at once: there nothing expires, and each one's
 * attempts are counted, so that the one which kills its sweepers is found and parked, and the others go.
 */
async function setAside(
  { entries, invalid }: PageChunk,
  why: string,
  ports: SweepPorts,
): Promise<void> {
  const { store, clock, log } = ports;
  const now = clock.now();
  log.error(`entries moved to the waiting room: ${why}`, {
    eventIds: entries.map(({ id }) => id),
  });
  await store.addWaiting([
    ...entries.map((entry) => unattempted(entry, ports)),
    ...invalid.map((row) => parkedFrom(row, now)),
  ]);
  const invalidRows = invalid.map(({ key }) => key);
  await store.addReceipts(receiptsFor('waiting', { entries, invalidRows }, ports));
}

function unattempted(entry: Entry, { destinations, clock }: SweepPorts): Waiting {
  const isInOrder = destinations.some(
    ({ ordered, types }) => ordered && matchesType(types, entry.type),
  );
  return {
    entry,
    state: 'retrying',
    dueAt: clock.now(),
    attempts: 0,
    blocksLane: isInOrder && entry.sequence !== undefined,
  };
}
