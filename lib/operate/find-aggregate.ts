import type { Entry } from '../table/entry.ts';
import { pageAfter, pageOf, pagesBetween, type Page } from '../table/keys.ts';
import type { ReceiptOutcome } from '../table/receipt.ts';
import { isInvalidRow, type Waiting } from '../table/waiting.ts';
import { inParallel } from '../core/concurrency.ts';
import type { OperateStore, AuditNote } from '../table/stores.ts';
import { select } from './selection.ts';

/** All that the table knows of an aggregate. */
export interface AggregateTrail {
  readonly aggregate: string;
  /** The last sequence that the outbox gave out; absent where it gave none. */
  readonly lastSequence?: number;
  /** Its entries of the pages that were looked at, oldest first. */
  readonly history: readonly HistoryLine[];
  /** What of it waits: those with a sequence in sequence, then the others. */
  readonly waiting: readonly Waiting[];
  /** What people did to it, oldest first. */
  readonly audit: readonly AuditNote[];
}

export interface HistoryLine {
  readonly entry: Entry;
  /** What the receipts say of it; absent where none does. */
  readonly outcome?: ReceiptOutcome;
}

/** Which pages an aggregate's history is read from. */
export interface HistoryRange {
  /** Epoch milliseconds. */
  readonly since: number;
  readonly until: number;
  /** Numbers of shards that writers used in that time. */
  readonly shardCounts: readonly number[];
}

const parallelPages = 8;

/** Looks an aggregate up: what waits of it by its key, its history page by page. Reads one shard of each page. */
export async function findAggregate(
  aggregate: string,
  store: OperateStore,
  range: HistoryRange,
): Promise<AggregateTrail> {
  const pages = [...pagesBetween(pageOf(range.since), pageAfter(pageOf(range.until - 1), 1))];
  const history = await inParallel(pages, parallelPages, (page) =>
    readHistory({ aggregate, page, shardCounts: range.shardCounts }, store),
  );
  const lastSequence = await store.readCounter(aggregate);
  return {
    aggregate,
    ...(lastSequence === undefined ? {} : { lastSequence }),
    history: history.flat(),
    waiting: [...(await store.readLine(aggregate)), ...(await readUnordered(aggregate, store))],
    audit: await store.readAudit({ aggregate }),
  };
}

async function readHistory(
  of: { aggregate: string; page: Page; shardCounts: readonly number[] },
  store: OperateStore,
): Promise<HistoryLine[]> {
  const entries = await store.readHistory(of.aggregate, of.page, of.shardCounts);
  if (entries.length === 0) return [];
  const receipts = await store.readReceipts(of.page);
  return entries.map((entry) => {
    const outcomes = receipts
      .filter(({ eventIds }) => eventIds.includes(entry.id))
      .toSorted((a, b) => b.time - a.time);
    const [last] = outcomes;
    return last === undefined ? { entry } : { entry, outcome: last.outcome };
  });
}

/** Those without a sequence lie each in a partition of its own. */
async function readUnordered(aggregate: string, store: OperateStore): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  for await (const row of select(store, { aggregate })) {
    if (row.sequence !== undefined) continue;
    const found = await store.getWaiting(row.key);
    if (found !== undefined && !isInvalidRow(found.entry)) waiting.push(found);
  }
  return waiting;
}
