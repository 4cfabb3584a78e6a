import type { Entry } from '../../../contract/entry.ts';
import { matchesType, type TypeFilter } from '../../../contract/event-types.ts';
import { inParallel } from '../../../runtime/in-parallel.ts';
import { readReplayable, type ReplaySource } from './pages.ts';
import { pagesOf, type ReplayRequest } from './request.ts';

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
  readonly now: number;
  /** Where it would be delivered to. */
  readonly destinations: readonly { readonly types?: TypeFilter }[];
}

const parallelPages = 8;

/** Counts what a replay would deliver. Reads all the pages, as the replay will. */
export async function countReplayable(
  request: ReplayRequest,
  { destinations, ...context }: CountContext,
): Promise<ReplayCount> {
  const pages = pagesOf(request);
  const byType = new Map<string, number>();
  let skipNotices = 0;
  await inParallel(pages, parallelPages, async (page) => {
    for await (const all of readReplayable(page, request, context)) {
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
