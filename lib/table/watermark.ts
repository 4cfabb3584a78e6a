import type { Row } from './entry.ts';
import { metaKey, pageAfter, type Key, type Page } from './keys.ts';

/** `missed`: what the relay left behind. `closing`: once more when the stream can bring nothing any more. */
export type SweepPass = 'missed' | 'closing';

/** Who walks over the pages: the sweeper's passes, and the archiver. */
export type PageWalker = SweepPass | 'archive';

/** How far a walker has come, and in how many shards of each page it looked. */
export interface Watermark {
  /** The first page that it has not yet done. */
  readonly page: Page;
  /** Shards that it looked in, from {@link since} on. Absent before its first step. */
  readonly shards?: number;
  /** The first page of which {@link shards} is true. @default - every page */
  readonly since?: Page;
  /** Shards that it looked in before that page. */
  readonly shardsBefore?: number;
}

/** Names of a watermark's attributes. */
export const watermarkNames = {
  page: 'page',
  shards: 'shards',
  since: 'since',
  shardsBefore: 'shardsBefore',
} as const satisfies Record<keyof Watermark, string>;

/** Minutes of pages that a walker looks at again once it knows of more shards than before. */
const minutesLookedAtAgain = 120;
/** Minutes after which the stream brings no record any more. */
const minutesOfStream = 25 * 60;

/** The row of each walker's watermark. */
export function watermarkKey(walker: PageWalker): Key {
  return metaKey(`watermark#${walker}`);
}

/** The watermark that a row holds; `undefined` where there is no such row. */
export function rowToWatermark(row: Row | undefined): Watermark | undefined {
  if (typeof row?.[watermarkNames.page] !== 'string') return undefined;
  const { page, shards, since, shardsBefore } = row as Row & Watermark;
  return {
    page,
    ...(typeof shards === 'number' ? { shards } : {}),
    ...(typeof since === 'string' ? { since } : {}),
    ...(typeof shardsBefore === 'number' ? { shardsBefore } : {}),
  };
}

/**
 * Where a walker begins anew that now knows of more shards: two hours before, since writers may have used them
 * for some time already.
 */
export function withMoreShards(before: Watermark, shards: number): Required<Watermark> {
  const page = pageAfter(before.page, -minutesLookedAtAgain);
  const { since, shards: last = shards } = before;
  const isRecent = since !== undefined && since > pageAfter(before.page, -minutesOfStream);
  return {
    page,
    shards,
    since: page,
    shardsBefore: isRecent ? Math.min(last, before.shardsBefore ?? last) : last,
  };
}

/** Whether the walker looked in a shard of a page before its watermark. */
export function hasSeenShard(watermark: Watermark, page: Page, shard: number): boolean {
  const { shards = Infinity, since, shardsBefore = shards } = watermark;
  return (
    page < watermark.page && shard < (since !== undefined && page < since ? shardsBefore : shards)
  );
}
