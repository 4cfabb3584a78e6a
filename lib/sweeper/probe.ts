import { inParts, pickRandom } from '../core/collections.ts';
import type { Random } from '../core/ports.ts';
import { deliver } from '../delivery/deliver.ts';
import { inSequence, type Entry } from '../table/entry.ts';
import { pageAfter, pageOf, pageStart, type Page } from '../table/keys.ts';
import type { Receipt } from '../table/receipt.ts';
import type { PageChunk } from '../table/stores.ts';
import type { Budget, SweepPorts } from './ports.ts';

/** Entries that are sent to learn whether a destination takes them. */
const sampleSize = 10;
/**
 * What one probe reads at most to find them: pages, which may all be settled, and entries that are not. Where order is
 * kept it begins with the first page each time, and so looks further.
 */
const most = { ordered: { pages: 100, entries: 1_000 }, unordered: { pages: 20, entries: 200 } };
/** Younger entries are still on their way through a relay that works. */
const minAgeMs = 60_000;

/** What is probed: entries behind one that nothing takes, as long as there is time. */
export interface Probe {
  /** The page of which nothing is taken. Its own entries are not tried again. */
  readonly behind: Page;
  readonly ports: SweepPorts;
  readonly budget: Budget;
}

/**
 * Whether a destination takes any of the entries that wait behind those of which none is taken.
 *
 * An outage and a few bad entries look alike to who sees only these. So a random sample of the unsettled entries of
 * later pages is delivered, receipts included; where a destination takes one, the outage is over, and relays that
 * are blocked learn of it. Where one keeps order, the sample holds the first entry of each aggregate only.
 */
export async function probeOthers({ behind, ports, budget }: Probe): Promise<boolean> {
  const entries = pickRandom(
    await findUnsettled({ behind, ports, budget }),
    sampleSize,
    ports.random,
  );
  if (entries.length === 0) return false;
  ports.log.info('sending a sample of later entries, to tell an outage from bad entries', {
    eventIds: entries.map(({ id }) => id),
  });
  // Each in a call of its own, all at the same time: no bad one costs another its turn.
  const destinations = ports.destinations.map((one) => ({ ...one, maxEntriesPerCall: 1 }));
  const unspared = { ...ports, breaker: undefined, destinations };
  const startedAt = ports.clock.now();
  await deliver({ entries, invalid: [] }, unspared, budget);
  const isAccepting = destinations.some(
    ({ name }) => (ports.lastAcceptedAt?.(name) ?? Number.NEGATIVE_INFINITY) >= startedAt,
  );
  if (isAccepting) {
    ports.breaker?.reset();
    await ports.store.noteAcceptance(ports.clock.now());
  }
  return isAccepting;
}

async function findUnsettled({ behind, ports, budget }: Probe): Promise<Entry[]> {
  const { store, clock, destinations, shards } = ports;
  const end = pageOf(clock.now() - minAgeMs);
  const isOrdered = destinations.some(({ ordered }) => ordered);
  const { pages: maxPages, entries: maxEntries } = most[isOrdered ? 'ordered' : 'unordered'];
  const found: Entry[] = [];
  const aggregates = new Set<string>();
  // In sequence, what waits in the page itself comes before what is behind it.
  let page = isOrdered ? behind : anyPage(pageAfter(behind, 1), end, ports.random);
  for (let pages = 0; page < end && pages < maxPages; pages++, page = pageAfter(page, 1)) {
    if (found.length >= maxEntries || clock.now() >= budget.deadline) break;
    const { receipts, chunks } = await store.openPage(page, shards);
    const settled = settledBy(receipts);
    for await (const chunk of chunks) {
      const { entries } = missingOf(chunk, settled);
      for (const entry of inSequence(entries, (one) => one)) {
        const isBehind =
          isOrdered && entry.sequence !== undefined && aggregates.has(entry.aggregate);
        aggregates.add(entry.aggregate);
        if (!isBehind && page > behind) found.push(entry);
      }
      if (found.length >= maxEntries) break;
    }
  }
  return found;
}

/** Where no order is to be kept, any page will do: those that come first may all hold bad entries. */
function anyPage(from: Page, end: Page, random: Random): Page {
  const minutes = (pageStart(end) - pageStart(from)) / 60_000;
  const beyond = Math.max(0, minutes - most.unordered.pages);
  return pageAfter(from, Math.floor(random() * (beyond + 1)));
}

/** Entries that are delivered at once: enough to fill many calls, few enough to lose little time at the deadline. */
const deliverAtOnce = 500;

/** What a page's receipts speak of. */
export interface SettledEvents {
  readonly ids: ReadonlySet<string>;
  /** Sort keys of rows that are no valid entries. */
  readonly rows: ReadonlySet<string>;
}

export function settledBy(receipts: readonly Receipt[]): SettledEvents {
  const ids = new Set<string>();
  const rows = new Set<string>();
  // One by one: a page may have receipts of a million entries.
  for (const { eventIds, invalidRows = [] } of receipts) {
    for (const id of eventIds) ids.add(id);
    for (const row of invalidRows) rows.add(row);
  }
  return { ids, rows };
}

/** What has no receipt yet. */
export function missingOf({ entries, invalid }: PageChunk, settled: SettledEvents): PageChunk {
  return {
    entries: entries.filter(({ id }) => !settled.ids.has(id)),
    invalid: invalid.filter(({ key }) => !settled.rows.has(key.sk)),
  };
}

export function sizeOf({ entries, invalid }: PageChunk): number {
  return entries.length + invalid.length;
}

/** What is delivered at once, each aggregate's entries in sequence from part to part. */
export function partsOf({ entries, invalid }: PageChunk): PageChunk[] {
  const sorted = inSequence(entries, (entry) => entry);
  return [
    ...inParts(invalid, deliverAtOnce).map((part) => ({ entries: [], invalid: part })),
    ...inParts(sorted, deliverAtOnce).map((part) => ({ entries: part, invalid: [] })),
  ];
}
