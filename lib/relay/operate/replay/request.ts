import { createHash } from 'node:crypto';

import type { Entry } from '../../../contract/entry.ts';
import { matchesType, type TypeFilter } from '../../../contract/event-types.ts';
import { pageAfter, pageOf, pagesBetween, timeOfId, type Page } from '../../../contract/keys.ts';

/** What is to be delivered again. */
export interface ReplayRequest {
  /** The event's time, epoch milliseconds: from `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
  /** @default - every type */
  readonly types?: TypeFilter;
  /** @default - every aggregate */
  readonly aggregate?: string;
  /** The destination to deliver to. @default - each that takes the type */
  readonly destination?: string;
}

/** The pages that hold what is asked for, from one on. */
export function pagesOf({ from, to }: ReplayRequest, start: Page = pageOf(from)): Page[] {
  return [...pagesBetween(start, pageAfter(pageOf(to - 1), 1))];
}

/** Whether an entry is asked for. */
export function isAskedFor(entry: Entry, { from, to, types, aggregate }: ReplayRequest): boolean {
  const at = timeOfId(entry.id);
  const isOfAggregate = aggregate === undefined || entry.aggregate === aggregate;
  return from <= at && at < to && isOfAggregate && matchesType(types, entry.type);
}

/** A name for what is asked for: the same for the same request, so that it is found again. */
export function nameOf({ from, to, types, aggregate, destination }: ReplayRequest): string {
  const parts = [from, to, types?.toSorted() ?? null, aggregate ?? null, destination ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
