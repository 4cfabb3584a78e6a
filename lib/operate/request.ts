import { createHash } from 'node:crypto';

import type { Entry } from '../table/entry.ts';
import { matchesType, shareTypes } from '../core/event-types.ts';
import { pageAfter, pageOf, pagesBetween, timeOfId, type Page } from '../table/keys.ts';
import type { ReplayRequest } from '../table/replay.ts';

/** The pages that hold the requested events, from one on. */
export function pagesOf({ from, to }: ReplayRequest, start: Page = pageOf(from)): Page[] {
  return [...pagesBetween(start, pageAfter(pageOf(to - 1), 1))];
}

/** Whether an entry is requested. */
export function isAskedFor(entry: Entry, { from, to, types, aggregate }: ReplayRequest): boolean {
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
