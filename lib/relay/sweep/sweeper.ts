import type { Invocation } from '../relay.ts';
import type { SweepReport } from '../sweep-store.ts';
import { sweepDue } from './due.ts';
import { sweepPages } from './pages.ts';
import type { Budget, PassResult, SweepPorts } from './ports.ts';

export type Sweeper = (invocation: Invocation) => Promise<SweepReport>;

/** Kept back from an invocation's time for what is under way when the deadline comes. */
const reserveMs = 15_000;

/**
 * The second way out of the outbox, every minute: delivers what is due in the waiting room, what the
 * relay left behind, and looks at every page once more when the stream can bring nothing any more.
 *
 * Several may run at once. One that runs out of time or meets an outage stops where it is; the next
 * goes on from there.
 */
export function createSweeper(ports: SweepPorts): Sweeper {
  return async (invocation) => {
    const startedAt = ports.clock.now();
    const id = ports.newId(startedAt);
    const endsAt = startedAt + invocation.getRemainingTimeInMillis();
    const budget: Budget = { deadline: endsAt - reserveMs, ownedUntil: endsAt, holder: id };
    const due = await sweepDue(ports, budget);
    const missed = await sweepPages('missed', ports, budget);
    const closing = await sweepPages('closing', ports, budget);
    const report: SweepReport = {
      id,
      startedAt,
      endedAt: ports.clock.now(),
      due: due.found,
      missed: missed.found,
      closing: closing.found,
      pages: missed.pages + closing.pages,
      ended: gravest([due, missed, closing]),
    };
    await ports.store.noteSweep(report);
    ports.log.info('swept', { ...report });
    return report;
  };
}

function gravest(results: readonly PassResult[]): PassResult['ended'] {
  const endings = results.map(({ ended }) => ended);
  if (endings.includes('outage')) return 'outage';
  return endings.includes('out of time') ? 'out of time' : 'done';
}
