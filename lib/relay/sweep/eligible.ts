import { pageAfter, pageOf, type Page } from '../../contract/keys.ts';
import type { Lag } from '../../contract/lag.ts';
import type { SweepPass } from '../sweep-store.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How long after its minute a page is left to the relay alone. */
export const graceMs = 2 * minuteMs;
/** How long a relay that says it is behind is trusted to arrive: an hour less than the stream remembers. */
export const maxLagMs = 23 * hourMs;
/** How fresh a relay's note must be: one that does not say so for this long may be dead. */
export const lagFreshMs = 3 * minuteMs;
/** The age at which a page is closed: the stream, which remembers a day, can bring nothing of it any more. */
export const closingAgeMs = 25 * hourMs;

/** The first page that a pass must not touch yet. */
export function endOfPass(pass: SweepPass, now: number, lag: Lag | undefined): Page {
  if (pass === 'closing') return pageOf(now - closingAgeMs);
  const ripe = pageOf(now - graceMs);
  if (lag === undefined) return ripe;
  // A relay that is catching up will reach these pages itself; delivering them here too would double them.
  const left = earlier(ripe, pageOf(lag.oldestAt));
  return later(left, pageOf(now - maxLagMs));
}

/** The pages from `from` up to, not including, `end`. */
export function* pagesBetween(from: Page, end: Page): Generator<Page> {
  for (let page = from; page < end; page = pageAfter(page, 1)) yield page;
}

// Names of pages sort like their times.
function earlier(a: Page, b: Page): Page {
  return a < b ? a : b;
}

function later(a: Page, b: Page): Page {
  return a > b ? a : b;
}
