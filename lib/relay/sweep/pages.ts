import { pageAfter, type Page } from '../../contract/keys.ts';
import type { SweepEnd } from '../../contract/sweep-report.ts';
import type { SweepPass } from '../../contract/watermark.ts';
import { withBreaker } from '../publish/breaker.ts';
import { inParallel } from '../../runtime/in-parallel.ts';
import { createHorizon, startOf } from './horizon.ts';
import { lookAt, settlePage, type PageResult, type PageRun } from './page.ts';
import type { Budget, PassResult, SweepPorts } from './ports.ts';

/** Pages that are looked at together as long as they are empty: after days off there are thousands. */
const emptyPagesAtOnce = 4;
/** Pages after which the watermark is written, so that a sweep that dies in a long recovery loses little. */
const pagesPerNote = 50;

/**
 * One pass over the pages between its watermark and the last one that is ripe for it.
 *
 * Guarantee: the watermark passes a page only when everything seen in it was settled. Pages are taken in their
 * order; where a destination keeps order, none is taken while another sweeper is at one before it.
 */
export async function sweepPages(
  pass: SweepPass,
  ports: SweepPorts,
  budget: Budget,
): Promise<PassResult> {
  const horizon = createHorizon(pass, ports);
  const destinations = ports.destinations.map((one) => withBreaker(one, ports));
  const run: PageRun = { ports: { ...ports, destinations }, budget, horizon };
  let walk = beginAt(await startOf(pass, ports));
  while (walk.stopped === undefined) {
    const before = walk;
    walk = await nextGroup(walk, run);
    if (Math.floor(walk.pages / pagesPerNote) > Math.floor(before.pages / pagesPerNote)) {
      await ports.store.advanceWatermark(pass, walk.settledUpTo);
    }
  }
  await ports.store.advanceWatermark(pass, walk.settledUpTo);
  return { found: walk.found, pages: walk.pages, ended: walk.stopped };
}

/** How far a pass is. */
interface Walk {
  readonly found: number;
  /** Pages looked at. */
  readonly pages: number;
  readonly next: Page;
  /** The first page that is not known to be settled: one that another sweeper is at must be looked at again. */
  readonly settledUpTo: Page;
  /** Whether all pages looked at last were empty. */
  readonly isEmpty: boolean;
  readonly stopped?: SweepEnd;
}

function beginAt(page: Page): Walk {
  return { found: 0, pages: 0, next: page, settledUpTo: page, isEmpty: false };
}

async function nextGroup(walk: Walk, run: PageRun): Promise<Walk> {
  const { ports, budget } = run;
  const pages = await ripePages(walk, run);
  if (pages.length === 0) return { ...walk, stopped: 'done' };
  if (ports.clock.now() >= budget.deadline) return { ...walk, stopped: 'out of time' };
  const looks = await inParallel(pages, pages.length, (page) => lookAt(page, ports));
  let after: Walk = { ...walk, isEmpty: looks.every((look) => look === 'empty') };
  for (const [index, page] of pages.entries()) {
    const isOpen = looks[index] === 'open';
    const result = isOpen ? await settlePage(page, run) : nothingFound;
    after = step(after, page, { result, ports });
    if (after.stopped !== undefined) break;
  }
  return after;
}

const nothingFound: PageResult = { found: 0, ended: 'settled' };

async function ripePages({ next, isEmpty }: Walk, { horizon }: PageRun): Promise<Page[]> {
  const pages: Page[] = [];
  for (let page = next; await horizon.isRipe(page); page = pageAfter(page, 1)) {
    pages.push(page);
    if (pages.length === (isEmpty ? emptyPagesAtOnce : 1)) break;
  }
  return pages;
}

function step(
  walk: Walk,
  page: Page,
  { result: { found, ended }, ports }: { result: PageResult; ports: SweepPorts },
): Walk {
  const next = pageAfter(page, 1);
  const isNext = walk.settledUpTo === page && ended === 'settled';
  const stopped = stopsAfter(ended, ports);
  return {
    ...walk,
    found: walk.found + found,
    pages: walk.pages + 1,
    next,
    settledUpTo: isNext ? next : walk.settledUpTo,
    ...(stopped === undefined ? {} : { stopped }),
  };
}

function stopsAfter(
  ended: PageResult['ended'],
  { destinations }: SweepPorts,
): SweepEnd | undefined {
  switch (ended) {
    case 'settled':
      return undefined;
    case 'taken':
      return destinations.some(({ ordered }) => ordered) ? 'done' : undefined;
    case 'left':
      return 'done';
    case 'outage':
    case 'out of time':
      return ended;
  }
}
