import { pageAfter, pageOf, type Page } from '../../contract/keys.ts';
import type { SweepPass } from '../sweep-store.ts';
import { endOfPass, lagFreshMs, pagesBetween } from './eligible.ts';
import { sweepPage, type PageResult } from './page.ts';
import type { Budget, PassResult, SweepPorts } from './ports.ts';

/** Pages after which the watermark is written, so that a sweep that dies in a long recovery loses little. */
const pagesPerNote = 50;

/**
 * One pass over the pages between its watermark and the last one that is ripe for it.
 *
 * Guarantee: the watermark passes a page only when everything seen in it was settled, and pages are
 * taken in order, so an aggregate's entries go out in theirs.
 */
export async function sweepPages(
  pass: SweepPass,
  ports: SweepPorts,
  budget: Budget,
): Promise<PassResult> {
  const { store } = ports;
  const start = (await store.readWatermark(pass)) ?? (await firstPage(ports));
  let tally: Tally = { found: 0, pages: 0, watermark: start, ended: 'done', isContiguous: true };
  for (const page of pagesBetween(start, await endOf(pass, ports))) {
    tally = add(tally, page, await sweepPage(page, pass, { ports, budget }));
    if (tally.ended !== 'done') break;
    if (tally.pages % pagesPerNote === 0) await store.advanceWatermark(pass, tally.watermark);
  }
  await store.advanceWatermark(pass, tally.watermark);
  return tally;
}

async function endOf(pass: SweepPass, { store, clock }: SweepPorts): Promise<Page> {
  const now = clock.now();
  const lag = pass === 'missed' ? await store.readLag(now - lagFreshMs) : undefined;
  return endOfPass(pass, now, lag);
}

/** Nothing was written before there was a table, and what expired is gone. */
async function firstPage({ store, clock, retentionMs }: SweepPorts): Promise<Page> {
  const createdAt = await store.tableCreatedAt();
  return pageOf(Math.max(createdAt, clock.now() - retentionMs));
}

interface Tally extends PassResult {
  readonly watermark: Page;
  /** Whether every page so far is settled; a page that another sweeper is at must be looked at again. */
  readonly isContiguous: boolean;
}

function add(tally: Tally, page: Page, { found, ended }: PageResult): Tally {
  const isContiguous = tally.isContiguous && ended === 'settled';
  return {
    found: tally.found + found,
    pages: tally.pages + 1,
    ended: ended === 'outage' || ended === 'out of time' ? ended : 'done',
    watermark: isContiguous ? pageAfter(page, 1) : tally.watermark,
    isContiguous,
  };
}
