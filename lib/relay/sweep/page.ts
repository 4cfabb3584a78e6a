import type { Page } from '../../contract/keys.ts';
import type { Receipt } from '../../contract/receipt.ts';
import { deliver } from '../deliver.ts';
import type { PageChunk, SweepPass } from '../sweep-store.ts';
import type { Budget, SweepPorts } from './ports.ts';

/** What became of a page. */
export interface PageResult {
  readonly found: number;
  /** `taken`: another sweeper is at it. */
  readonly ended: 'settled' | 'taken' | 'outage' | 'out of time';
}

/** Entries that are delivered at once: enough to fill many calls, few enough to lose little time at the deadline. */
const deliverAtOnce = 500;

/**
 * Delivers what has no receipt in a page. Looking costs no lease, since most pages are settled; only who
 * finds something to deliver takes the page, and then looks again, since another may just have done it.
 */
export async function sweepPage(
  page: Page,
  pass: SweepPass,
  { ports, budget }: { ports: SweepPorts; budget: Budget },
): Promise<PageResult> {
  if (ports.clock.now() >= budget.deadline) return { found: 0, ended: 'out of time' };
  const settled = settledBy(await ports.store.readReceipts(page));
  if (!(await hasMissing(page, settled, ports))) return { found: 0, ended: 'settled' };
  const lease = {
    pass,
    page,
    holder: budget.holder,
    now: ports.clock.now(),
    until: budget.ownedUntil,
  };
  if (!(await ports.store.leasePage(lease))) return { found: 0, ended: 'taken' };
  try {
    return await deliverMissing(page, ports, budget);
  } finally {
    await ports.store.releasePage(lease);
  }
}

async function hasMissing(page: Page, settled: Settled, { store }: SweepPorts): Promise<boolean> {
  for await (const chunk of store.readEntries(page)) {
    const { entries, invalid } = missingOf(chunk, settled);
    if (entries.length + invalid.length > 0) return true;
  }
  return false;
}

async function deliverMissing(page: Page, ports: SweepPorts, budget: Budget): Promise<PageResult> {
  const settled = settledBy(await ports.store.readReceipts(page));
  let found = 0;
  for await (const chunk of ports.store.readEntries(page)) {
    for (const part of partsOf(missingOf(chunk, settled))) {
      if (ports.clock.now() >= budget.deadline) return { found, ended: 'out of time' };
      const unsettled = await deliver(part, ports, budget);
      found += part.entries.length + part.invalid.length - unsettled.length;
      if (unsettled.length > 0) return { found, ended: 'outage' };
    }
  }
  return { found, ended: 'settled' };
}

interface Settled {
  readonly ids: ReadonlySet<string>;
  /** Sort keys of rows that are no valid entries. */
  readonly rows: ReadonlySet<string>;
}

function settledBy(receipts: readonly Receipt[]): Settled {
  return {
    ids: new Set(receipts.flatMap(({ eventIds }) => eventIds)),
    rows: new Set(receipts.flatMap(({ invalidRows }) => invalidRows ?? [])),
  };
}

function missingOf({ entries, invalid }: PageChunk, settled: Settled): PageChunk {
  return {
    entries: entries.filter(({ id }) => !settled.ids.has(id)),
    invalid: invalid.filter(({ key }) => !settled.rows.has(key.sk)),
  };
}

function* partsOf({ entries, invalid }: PageChunk): Generator<PageChunk> {
  if (invalid.length > 0) yield { entries: [], invalid };
  for (let at = 0; at < entries.length; at += deliverAtOnce) {
    yield { entries: entries.slice(at, at + deliverAtOnce), invalid: [] };
  }
}
