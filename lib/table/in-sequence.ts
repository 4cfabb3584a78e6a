import type { Entry } from './entry.ts';
import { groupBy } from '../core/group-by.ts';

/**
 * Each aggregate's entries in sequence, in the places that they have among all the others.
 *
 * What came first stays first: where the time runs out, it is the last that are left, and the next try does
 * not begin with all the same ones again.
 */
export function inSequence<T>(all: readonly T[], entryOf: (one: T) => Entry): T[] {
  const sequenceOf = (one: T): number => entryOf(one).sequence ?? 0;
  const lines = groupBy(all, (one) => aggregateOf(entryOf(one)));
  const sorted = new Map(
    [...lines].map(([aggregate, line]) => [
      aggregate,
      line.toSorted((a, b) => sequenceOf(a) - sequenceOf(b)).values(),
    ]),
  );
  return all.map((one) => sorted.get(aggregateOf(entryOf(one)))?.next().value ?? one);
}

/** The aggregate in whose history the entry has a place, if it has one. */
function aggregateOf({ aggregate, sequence }: Entry): string | undefined {
  return sequence === undefined ? undefined : aggregate;
}
