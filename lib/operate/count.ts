import type { Entry } from '../table/entry.ts';
import { matchesType, type TypeFilter } from '../core/event-types.ts';
import type { Page } from '../table/keys.ts';
import type { ReplayRequest } from '../table/replay.ts';
import { inParallel } from '../core/in-parallel.ts';
import { readReplayable, type ReplaySource } from './pages.ts';
import { pagesOf } from './request.ts';

/** How much a replay would deliver. */
export interface ReplayCount {
  readonly pages: number;
  readonly entries: number;
  /** Of them, those that were given up: their sequence is told again, nothing else. */
  readonly skipNotices: number;
  readonly byType: Readonly<Record<string, number>>;
}

interface CountContext {
  readonly source: ReplaySource;
  /** The first page to count. @default - the request's first */
  readonly start?: Page;
  /** Where it would be delivered to. */
  readonly destinations: readonly { readonly types?: TypeFilter }[];
}

const parallelPages = 8;

/** Counts what a replay would deliver. Reads all the pages, as the replay will. */
export async function countReplayable(
  request: ReplayRequest,
  { destinations, source, start }: CountContext,
): Promise<ReplayCount> {
  const pages = pagesOf(request, start);
  const byType = new Map<string, number>();
  let skipNotices = 0;
  await inParallel(pages, parallelPages, async (page) => {
    for await (const all of readReplayable(page, request, source).parts) {
      const part = all.filter(({ entry }) => isWanted(entry, destinations));
      for (const { entry } of part) byType.set(entry.type, (byType.get(entry.type) ?? 0) + 1);
      skipNotices += part.filter(({ skipped }) => skipped === true).length;
    }
  });
  const entries = [...byType.values()].reduce((sum, number) => sum + number, 0);
  return { pages: pages.length, entries, skipNotices, byType: Object.fromEntries(byType) };
}

function isWanted({ type }: Entry, destinations: CountContext['destinations']): boolean {
  return destinations.some(({ types }) => matchesType(types, type));
}
