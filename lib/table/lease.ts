import type { Row } from './entry.ts';
import { metaKey, type Key, type Page } from './keys.ts';

/** A sweeper's claim to a page, so that several can run at once. */
export interface PageLease {
  readonly page: Page;
  /** Unique to the sweeper's run. */
  readonly holder: string;
  /** Epoch milliseconds, as `until`. */
  readonly now: number;
  /** When it ends by itself. */
  readonly until: number;
}

/** The attribute of a lease's row that counts how often it was taken since it was last given back. */
export const leaseTakes = 'takes';

const leaseKeptMs = 24 * 60 * 60 * 1000;

/** One lease for a page, whatever the pass: two passes must not deliver one page at the same time either. */
export function leaseKey(page: Page): Key {
  return metaKey(`lease#${page}`);
}

/** Epoch seconds. A lease that nobody gave back is forgotten after a day. */
export function leaseExpiry({ until }: PageLease): number {
  return Math.ceil((until + leaseKeptMs) / 1000);
}

/** How often a lease was taken and not given back; 0 where there is no such row. */
export function takesOf(row: Row | undefined): number {
  return (row?.[leaseTakes] as number | undefined) ?? 0;
}
