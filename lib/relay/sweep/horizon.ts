import { pageOf, type Page } from '../../contract/keys.ts';
import type { SweepPass } from '../../contract/watermark.ts';
import {
  clockSkewMs,
  endOfClosing,
  endOfMissed,
  lagFreshMs,
  later,
  oldestPage,
} from './eligible.ts';
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
 * The first page that a pass has not done: where the last one came to. The first one begins with the table; the
 * first closing one a day before, for writers whose clocks are slow.
 *
 * Pages that were not swept within their retention are passed over, and that is said aloud: what was not
 * delivered of them is lost.
 */
export async function startOf(pass: SweepPass, ports: SweepPorts): Promise<Page> {
  const { store, clock, log, retentionMs } = ports;
  const oldest = oldestPage(clock.now(), retentionMs);
  const noted = await store.readWatermark(pass);
  if (noted === undefined) {
    const createdAt = await store.tableCreatedAt();
    return later(oldest, pageOf(pass === 'closing' ? createdAt - clockSkewMs : createdAt));
  }
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
    : endOfClosing(now, await store.readWatermark('missed'));
}
