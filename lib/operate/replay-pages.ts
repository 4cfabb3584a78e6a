import { createHash } from 'node:crypto';

import { matchesType, shareTypes } from '../core/event-types.ts';
import type { Clock } from '../core/ports.ts';
import type { ArchivedEntry } from '../table/archive.ts';
import type { Entry } from '../table/entry.ts';
import { pageAfter, pageOf, pagesBetween, pageStart, timeOfId, type Page } from '../table/keys.ts';
import { closingAgeMs } from '../table/page-times.ts';
import { lastReceipts, type Receipt, type ReceiptOutcome } from '../table/receipt.ts';
import type { ReplayRequest } from '../table/replay.ts';
import type { ArchivedPages, OperateStore, PageChunk } from '../table/stores.ts';

/** Where a replay reads. */
export interface ReplaySource {
  readonly store: OperateStore;
  /** Numbers of shards that writers used in that time. */
  readonly shardCounts: readonly number[];
  readonly clock: Pick<Clock, 'now'>;
  readonly retentionMs: number;
  /** The page in which the table was created: what is older may be in an archive of another table alone. */
  readonly createdPage: Page;
  readonly archive?: ArchivedPages;
  /** Whether the archive has a page. @default - it has each page */
  readonly isArchived?: (page: Page) => Promise<boolean>;
}

/** A page as a replay reads it. */
export interface ReplayPage {
  /** What is to be replayed of it, in parts, each aggregate's in the order of the ids. To be walked once. */
  readonly parts: AsyncIterable<Replayable[]>;
  /** Once its parts were read: whether they are all that there was of it. */
  readonly isWhole: () => Promise<boolean>;
}

const hourMs = 3_600_000;
/** How long a page may take to be read: one that expires within this time is read from the archive too. */
const readingMs = hourMs;
/** TTL may delete so late. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html */
const deletedAfterMs = 48 * hourMs;

/**
 * Reads a page from where it is at this moment.
 *
 * The table has it until it expires, and not only since the table's creation: one that was restored, copied or imported holds pages from
 * before its creation. The archive, where there is one, is read for pages that have expired or are about to, and for
 * those from before the table. Where both are read each entry comes once, and the table's receipts decide.
 */
export function readReplayable(
  page: Page,
  request: ReplayRequest,
  source: ReplaySource,
): ReplayPage {
  const { clock, archive, isArchived = () => Promise.resolve(true) } = source;
  const expiresAt = pageStart(page) + source.retentionMs;
  const now = clock.now();
  const isKept = page >= source.createdPage && now < expiresAt - readingMs;
  const isDeleted = archive !== undefined && now >= expiresAt + deletedAfterMs;
  return {
    parts: readParts(page, request, { source, isKept, isDeleted }),
    isWhole: async () =>
      clock.now() < expiresAt ||
      page < source.createdPage ||
      (archive !== undefined && (await isArchived(page))),
  };
}

async function* readParts(
  page: Page,
  request: ReplayRequest,
  where: { source: ReplaySource; isKept: boolean; isDeleted: boolean },
): AsyncGenerator<Replayable[]> {
  const { clock } = where.source;
  const archive = where.isKept ? undefined : where.source.archive;
  const inTable = where.isDeleted ? nothingKept : await openKept(page, request, where);
  const outcomes = outcomesOf(inTable.receipts);
  const context = { page, now: clock.now() };
  const seen = new Set<string>();
  // The archive first: of a page that is expiring the table may have the later entries of an aggregate only.
  for await (const archived of archive?.readPage(page) ?? []) {
    const meant = archived.filter(({ entry }) => isAskedFor(entry, request));
    for (const { entry } of meant) seen.add(entry.id);
    const known = new Map([...outcomesIn(meant), ...outcomes]);
    yield replayableOf(
      meant.map(({ entry }) => entry),
      known,
      context,
    );
  }
  for await (const entries of inTable.parts) {
    const meant = entries.filter((entry) => isAskedFor(entry, request) && !seen.has(entry.id));
    yield replayableOf(meant, outcomes, context);
  }
}

/** What is unknown is left out: it is treated like an entry whose receipt has expired. */
function outcomesIn(archived: readonly ArchivedEntry[]): Map<string, ReceiptOutcome> {
  return new Map(
    archived.flatMap(({ entry: { id }, outcome }) =>
      outcome === 'unknown' ? [] : [[id, outcome] as const],
    ),
  );
}

interface KeptPage {
  readonly receipts: readonly Receipt[];
  readonly parts: AsyncIterable<readonly Entry[]> | readonly (readonly Entry[])[];
}

const nothingKept: KeptPage = { receipts: [], parts: [] };

/** One aggregate lies in one shard of a page: the others are not read for its entries. */
async function openKept(
  page: Page,
  { aggregate }: ReplayRequest,
  { source: { store, shardCounts }, isKept }: { source: ReplaySource; isKept: boolean },
): Promise<KeptPage> {
  if (aggregate === undefined) {
    const { receipts, chunks } = await store.openPage(page, Math.max(...shardCounts));
    return { receipts, parts: entriesOf(chunks) };
  }
  const entries = await store.readHistory(aggregate, page, shardCounts);
  // What is in the archive alone may have its receipts here.
  const isNothing = entries.length === 0 && isKept;
  return isNothing ? nothingKept : { receipts: await store.readReceipts(page), parts: [entries] };
}

async function* entriesOf(chunks: AsyncIterable<PageChunk>): AsyncGenerator<readonly Entry[]> {
  for await (const { entries } of chunks) yield entries;
}

/** An entry that can be delivered again; `skipped`: as a skip notice, since it was discarded. */
export interface Replayable {
  readonly entry: Entry;
  readonly skipped?: true;
}

/**
 * Those of a page's entries that were delivered once.
 *
 * What waits or is on its way is left alone: it is delivered anyway. Of discarded entries, only the
 * skip notice is sent again, or a consumer that starts from nothing would wait for it for ever. An old entry
 * without a receipt was delivered too: receipts may expire before it.
 */
function replayableOf(
  entries: readonly Entry[],
  outcomes: ReadonlyMap<string, ReceiptOutcome>,
  { page, now }: { page: Page; now: number },
): Replayable[] {
  const isClosed = now - pageStart(page) > closingAgeMs;
  return entries.flatMap((entry): Replayable[] => {
    const outcome = outcomes.get(entry.id) ?? (isClosed ? 'published' : undefined);
    if (outcome === 'published') return [{ entry }];
    return outcome === 'discarded' && entry.sequence !== undefined
      ? [{ entry, skipped: true }]
      : [];
  });
}

/** The final outcome of entries. */
function outcomesOf(receipts: readonly Receipt[]): Map<string, ReceiptOutcome> {
  return new Map([...lastReceipts(receipts)].map(([id, { outcome }]) => [id, outcome]));
}

/** The pages that hold the requested events, from one on. */
export function pagesOfReplay({ from, to }: ReplayRequest, start: Page = pageOf(from)): Page[] {
  return [...pagesBetween(start, pageAfter(pageOf(to - 1), 1))];
}

/** Whether an entry is requested. */
function isAskedFor(entry: Entry, { from, to, types, aggregate }: ReplayRequest): boolean {
  const at = timeOfId(entry.id);
  const isOfAggregate = aggregate === undefined || entry.aggregate === aggregate;
  return from <= at && at < to && isOfAggregate && matchesType(types, entry.type);
}

/** A name for a request, the same for each way to write it, so that its note is found again. */
export function nameOf({ from, to, types, aggregate, destination }: ReplayRequest): string {
  const names = types === undefined ? null : [...new Set(types)].toSorted();
  const parts = [from, to, names, aggregate ?? null, destination ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Whether two requests may deliver the same event to the same destination. */
export function overlap(one: ReplayRequest, other: ReplayRequest): boolean {
  const isSame = (a: string | undefined, b: string | undefined): boolean =>
    a === undefined || b === undefined || a === b;
  return (
    one.from < other.to &&
    other.from < one.to &&
    shareTypes(one.types, other.types) &&
    isSame(one.aggregate, other.aggregate) &&
    isSame(one.destination, other.destination)
  );
}
