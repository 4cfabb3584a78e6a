import type { BackdatedNote, SweepEnd, SweepPass } from '../table/sweep-notes.ts';
import { pageAfter, pageOf, type Page } from '../table/keys.ts';
import { createBreaker } from '../delivery/classify.ts';
import { errorSummary } from '../core/redact.ts';
import { inParallel } from '../core/concurrency.ts';
import { graceMs } from '../table/page-times.ts';
import { createHorizon, pagesPerRun, startOf, type Horizon } from './horizon.ts';
import { lookAt, settlePage, type Look, type PageResult, type PageRun } from './page.ts';
import type { Budget, PassResult, SweepPorts } from './ports.ts';

/** Pages that are looked at together as long as they are empty: after days off there are thousands. */
const emptyPagesAtOnce = 4;
/** Pages after which the watermark is written, so that a sweep that dies in a long recovery loses little. */
const pagesPerNote = 50;
/** Notes that are removed at once. */
const parallelRemovals = 25;
/** Pages in a row that may fail: then it is the table that does, not the page. */
const maxFailedPages = 3;

/**
 * One pass over the pages between its watermark and the last one that is ripe for it.
 *
 * Guarantee: the watermark passes a page only when everything seen in it was settled. Pages are taken in their
 * order; where a destination keeps order, none is taken while another sweeper is at one before it. A page that
 * fails keeps back the watermark, and where no order is to be kept nothing else; what it threw is thrown in the end.
 */
export async function sweepPages(
  pass: SweepPass,
  ports: SweepPorts,
  budget: Budget,
): Promise<PassResult> {
  const horizon = createHorizon(pass, ports);
  const run = openRun(ports, budget, horizon);
  let walk = beginAt(await startOf(pass, ports));
  const maxPages = await pagesPerRun(walk.next, ports);
  while (walk.stopped === undefined && walk.pages < maxPages) {
    const before = walk;
    walk = await nextGroup(walk, run);
    if (Math.floor(walk.pages / pagesPerNote) > Math.floor(before.pages / pagesPerNote)) {
      await ports.store.advanceWatermark(pass, walk.settledUpTo, ports.shards);
    }
  }
  await ports.store.advanceWatermark(pass, walk.settledUpTo, ports.shards);
  if (walk.failure !== undefined) throw walk.failure.thrown;
  return { found: walk.found, pages: walk.pages, ended: walk.stopped ?? 'done' };
}

function openRun(ports: SweepPorts, budget: Budget, horizon: Horizon): PageRun {
  const evidence = { at: Number.NEGATIVE_INFINITY };
  return { ports: { ...ports, breaker: createBreaker(ports) }, evidence, budget, horizon };
}

/**
 * Settles the pages that got an entry late, after the missed pass had left them: events whose ids were made long before
 * they were written. What a relay is about to reach is left to it, as in the missed pass. A page that fails keeps its
 * notes, and no other.
 */
export async function sweepBackdated(ports: SweepPorts, budget: Budget): Promise<PassResult> {
  const { store, clock } = ports;
  const horizon = createHorizon('missed', ports);
  const run = openRun(ports, budget, horizon);
  // All notes before the first look: one that is written after the look at its page needs another.
  const notes = await readBackdated(ports);
  if (notes.length === 0) return { found: 0, pages: 0, ended: 'done' };
  const sweptUpTo = (await store.readWatermark('missed'))?.page ?? '';
  const isSettled = new Map<Page, boolean>();
  const done: BackdatedNote[] = notes.filter(({ page }) => page === undefined);
  let failure: Failure | undefined;
  let isOutOfTime = false;
  for (const note of notes.filter(namesPage).toSorted((a, b) => a.writtenAt - b.writtenAt)) {
    if ((isOutOfTime = clock.now() >= budget.deadline)) break;
    const { page, writtenAt } = note;
    if (page >= sweptUpTo || !(await horizon.isRipe(pageOf(writtenAt)))) continue;
    const settled =
      isSettled.get(page) ?? (await orFailure(page, run, () => isSettledNow(page, run)));
    isSettled.set(page, settled === true);
    if (settled === true) done.push(note);
    if (typeof settled === 'object') failure ??= settled;
  }
  await inParallel(done, parallelRemovals, (note) => store.removeBackdated(note));
  if (failure !== undefined) throw failure.thrown;
  return { found: 0, pages: isSettled.size, ended: isOutOfTime ? 'out of time' : 'done' };
}

async function readBackdated({ store, clock, log }: SweepPorts): Promise<BackdatedNote[]> {
  const notes: BackdatedNote[] = [];
  for await (const listed of store.listBackdated(clock.now() - graceMs)) notes.push(...listed);
  for (const { page, key } of notes) {
    if (page === undefined) log.error('late event note without an event: removing it', { ...key });
  }
  return notes;
}

function namesPage(note: BackdatedNote): note is BackdatedNote & { readonly page: Page } {
  return note.page !== undefined;
}

async function isSettledNow(page: Page, run: PageRun): Promise<boolean> {
  if ((await lookAt(page, run.ports)) !== 'open') return true;
  return (await settlePage(page, run)).ended === 'settled';
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
  /** Pages in a row that failed. */
  readonly failedInRow: number;
  /** The first failure. */
  readonly failure?: Failure;
  readonly stopped?: SweepEnd;
}

interface Failure {
  readonly thrown: unknown;
}

function beginAt(page: Page): Walk {
  return { found: 0, pages: 0, next: page, settledUpTo: page, isEmpty: false, failedInRow: 0 };
}

async function nextGroup(walk: Walk, run: PageRun): Promise<Walk> {
  const { ports, budget } = run;
  const pages = await ripePages(walk, run);
  if (pages.length === 0) return { ...walk, stopped: 'done' };
  if (ports.clock.now() >= budget.deadline) return { ...walk, stopped: 'out of time' };
  const looks = await inParallel(pages, pages.length, (page) =>
    orFailure(page, run, () => lookAt(page, ports)),
  );
  let after: Walk = { ...walk, isEmpty: looks.every((look) => look === 'empty') };
  for (const [index, page] of pages.entries()) {
    const look = looks[index];
    const result = look === 'open' ? await orFailure(page, run, () => settlePage(page, run)) : look;
    after = step(after, page, { result, ports });
    if (after.stopped !== undefined) break;
  }
  return after;
}

async function orFailure<T>(
  page: Page,
  { ports: { log } }: PageRun,
  work: () => Promise<T>,
): Promise<T | Failure> {
  try {
    return await work();
  } catch (thrown) {
    log.error('a page could not be swept', { page, ...errorSummary(thrown) });
    return { thrown };
  }
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

type Stepped = PageResult | Look | Failure | undefined;

function resultOf(stepped: Stepped): PageResult {
  if (typeof stepped !== 'object') return nothingFound;
  return 'thrown' in stepped ? { found: 0, ended: 'failed' } : stepped;
}

function step(
  walk: Walk,
  page: Page,
  { result, ports }: { result: Stepped; ports: SweepPorts },
): Walk {
  const { found, ended } = resultOf(result);
  const failure = typeof result === 'object' && 'thrown' in result ? result : undefined;
  const failedInRow = failure === undefined ? 0 : walk.failedInRow + 1;
  const next = pageAfter(page, 1);
  const isNext = walk.settledUpTo === page && ended === 'settled';
  const stopped = failedInRow >= maxFailedPages ? 'failed' : stopsAfter(ended, ports);
  return {
    ...walk,
    found: walk.found + found,
    pages: walk.pages + 1,
    next,
    settledUpTo: isNext ? next : walk.settledUpTo,
    failedInRow,
    ...(walk.failure === undefined && failure !== undefined ? { failure } : {}),
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
    case 'failed':
      return destinations.some(({ ordered }) => ordered) ? 'done' : undefined;
    case 'left':
      return 'done';
    case 'outage':
    case 'out of time':
      return ended;
  }
}
