import { pageOf, type Page } from '../table/keys.ts';
import { withMoreShards, type SweepPass } from '../table/sweep-notes.ts';
import { endOfClosing, endOfMissed, lagFreshMs, later, oldestPage } from '../table/page-times.ts';
import type { SweepPorts } from './ports.ts';

/** How often it is looked at anew during a long pass: a relay that comes back says so, and goes first. */
const freshMs = 5_000;

/** Where a pass must stop. */
export interface Horizon {
  /** Whether the pass may touch a page by now. */
  isRipe(page: Page): Promise<boolean>;
}

export function createHorizon(pass: SweepPass, ports: SweepPorts): Horizon {
  let end: Page = '';
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    isRipe: async (page) => {
      const now = ports.clock.now();
      if (now - lookedAt >= freshMs) {
        end = await endOf(pass, now, ports);
        lookedAt = now;
      }
      return page < end;
    },
  };
}

/**
 * The first page that a pass has not done: where the last one came to.
 *
 * The first missed pass begins with the table. The first closing pass trusts no creation time, since a table that was
 * restored, copied or imported holds entries from before it: it begins with the retention, so that what has no receipt
 * is found once it is 25 hours old. In an empty table that costs one read for each shard of each page, once, spread
 * over many runs by {@link pagesPerRun}.
 *
 * Pages that were not swept within their retention are passed over, and that is logged as an error: what was not
 * delivered of them is lost.
 */
export async function startOf(pass: SweepPass, ports: SweepPorts): Promise<Page> {
  const { store, clock, log, retentionMs } = ports;
  const oldest = oldestPage(clock.now(), retentionMs);
  const watermark = await store.readWatermark(pass);
  if (watermark === undefined) {
    return pass === 'closing' ? oldest : later(oldest, pageOf(await store.tableCreatedAt()));
  }
  if ((watermark.shards ?? ports.shards) < ports.shards) {
    const from = withMoreShards(watermark, ports.shards);
    log.info('more shards than before: looking at the last pages again', { pass, ...from });
    await store.restartWatermark(pass, from);
    return later(oldest, from.page);
  }
  const noted = watermark.page;
  if (noted < oldest) {
    log.error(
      'pages expired before they were swept: what the relay had not delivered of them is lost',
      {
        pass,
        from: noted,
        to: oldest,
      },
    );
  }
  return later(oldest, noted);
}

/** Pages from before its creation that a table is looked through for in one run: 14 days take 17 hours. */
const oldPagesPerRun = 20;
/** By how much a writer's clock may be wrong: so old may what a table got at its creation be. */
const clockSkewMs = 24 * 3_600_000;
/** A pass that is no further behind is not at pages from before the creation of a table that was created empty. */
const usuallyBehindMs = 50 * 3_600_000;

/**
 * Pages that a pass may look at in this run, given where it begins. Pages from before the table's creation hold
 * something only where it was copied or imported, so they are looked at a few in each run, the oldest first: these
 * expire first. A restored table is known to hold old entries, and is looked through at once.
 */
export async function pagesPerRun(from: Page, { store, clock }: SweepPorts): Promise<number> {
  if (from >= pageOf(clock.now() - usuallyBehindMs)) return Infinity;
  const createdAt = pageOf((await store.tableCreatedAt()) - clockSkewMs);
  return from < createdAt ? oldPagesPerRun : Infinity;
}

async function endOf(pass: SweepPass, now: number, { store }: SweepPorts): Promise<Page> {
  return pass === 'missed'
    ? endOfMissed(now, await store.readLag(now - lagFreshMs))
    : endOfClosing(now, (await store.readWatermark('missed'))?.page);
}
