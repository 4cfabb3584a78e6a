import { pageAfter, pageOf, pageStart, type Page } from './keys.ts';
import type { Lag } from './sweep-notes.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How long after its minute a page is left to the relay alone. */
export const graceMs = 2 * minuteMs;
/** How long a relay that says it is behind is trusted to arrive: an hour less than the stream remembers. */
export const maxLagMs = 23 * hourMs;
/**
 * How fresh a relay's note must be: one that does not say so for this long may be dead. Long enough for the
 * pauses that the trigger makes between tries in an outage.
 */
export const lagFreshMs = 5 * minuteMs;
/** The age at which a page is closed: the stream, which remembers a day, can bring nothing of it any more. */
export const closingAgeMs = 25 * hourMs;

/** The first page that the missed pass must not touch yet, given the deepest lag that a living relay noted. */
export function endOfMissed(now: number, lag: Lag | undefined): Page {
  const ripe = pageOf(now - graceMs);
  if (lag === undefined) return ripe;
  // A relay that is catching up will reach these pages itself; delivering them here too would double them.
  const left = earlier(ripe, pageOf(lag.oldestAt));
  return later(left, pageOf(now - maxLagMs));
}

/**
 * The first page that the closing pass must not touch yet. It stays behind the missed pass, so that pages are
 * taken in their order after a long pause too; before the first missed pass it touches none.
 */
export function endOfClosing(now: number, missedUpTo: Page = ''): Page {
  return earlier(pageOf(now - closingAgeMs), missedUpTo);
}

/** The first page whose receipts are not yet expiring: of older ones nothing can be concluded any more. */
export function oldestPage(now: number, retentionMs: number): Page {
  return pageAfter(pageOf(now - retentionMs), 1);
}

/** How long before they expire undelivered entries are moved to the waiting room. */
const expiryReserveMs = 24 * hourMs;

/** Whether a page will expire before long: what is still to be delivered of it must go where nothing expires. */
export function isExpiring(
  page: Page,
  { now, retentionMs }: { now: number; retentionMs: number },
): boolean {
  return now - pageStart(page) >= retentionMs - expiryReserveMs;
}

// Names of pages sort like their times.
function earlier(a: Page, b: Page): Page {
  return a < b ? a : b;
}

export function later(a: Page, b: Page): Page {
  return a > b ? a : b;
}
