import type { ArchivedEntry } from '../table/archive-line.ts';
import type { ArchivedPages } from '../table/ports.ts';
import type { Entry } from '../table/entry.ts';
import { pageStart, type Page } from '../table/keys.ts';
import type { Receipt, ReceiptOutcome } from '../table/receipt.ts';
import type { ReplayRequest } from '../table/replay.ts';
import type { Clock } from '../core/ports.ts';
import type { OperateStore } from '../table/operate-store.ts';
import type { PageChunk } from '../table/sweep-store.ts';
import { outcomesOf, replayableOf, type Replayable } from './replayable.ts';
import { isAskedFor } from './request.ts';

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
 * The table has it until it expires, whatever the table's age: one that was restored, copied or imported holds pages from
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
