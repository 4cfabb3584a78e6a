import { pageOf, type Page } from '../../contract/keys.ts';
import { withMoreShards, type SweepPass } from '../../contract/watermark.ts';
import { endOfClosing, endOfMissed, lagFreshMs, later, oldestPage } from './eligible.ts';
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
 * is found once it is 25 hours old. In an empty table that costs one read for each shard of each page, once: about
 * 80,000 for 14 days and 4 shards, in one or two minutes of the sweeper's time.
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

async function endOf(pass: SweepPass, now: number, { store }: SweepPorts): Promise<Page> {
  return pass === 'missed'
    ? endOfMissed(now, await store.readLag(now - lagFreshMs))
    : endOfClosing(now, (await store.readWatermark('missed'))?.page);
}
