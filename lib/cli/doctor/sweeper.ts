import type { SweepReport } from '../../table/sweep-report.ts';
import { definedOnly } from '../../core/pick.ts';
import type { Session } from '../session.ts';
import { duration, relative } from '../view/time.ts';
import { ok, problem, type Finding } from './finding.ts';

const sweeperResource = 'sweeper';
/** The sweeper runs every minute. */
export const sweeperQuietMs = 5 * 60_000;

/** The sweeper is there, and ran. */
export async function checkSweeper({ place, store, clock }: Session): Promise<Finding[]> {
  const [last] = await store.readSweeps(1);
  return judgeSweeper(place.sweeper, last, {
    now: clock.now(),
    ...definedOnly({ deployedAt: place.deployedAt }),
  });
}

export function judgeSweeper(
  name: string | undefined,
  last: SweepReport | undefined,
  { now, deployedAt }: { now: number; deployedAt?: number },
): Finding[] {
  if (name === undefined) {
    return [
      problem(
        sweeperResource,
        'none was found',
        'deploy the Outbox with a version of the construct that has one',
      ),
    ];
  }
  const log = `look into the log of ${name}`;
  const isQuiet = last === undefined || now - last.endedAt > sweeperQuietMs;
  if (isQuiet && isJustDeployed(deployedAt, now)) {
    return [ok(sweeperResource, `has not run since it was deployed ${relative(deployedAt, now)}`)];
  }
  if (last === undefined)
    return [problem(sweeperResource, 'it has never run', `is its schedule enabled? Else ${log}`)];
  const quietMs = now - last.endedAt;
  if (quietMs > sweeperQuietMs) {
    return [
      problem(
        sweeperResource,
        `it has not run for ${duration(quietMs)}`,
        `is its schedule enabled? Else ${log}`,
      ),
    ];
  }
  if (last.ended === 'failed') return [problem(sweeperResource, 'its last run failed', log)];
  if (last.ended === 'outage') {
    return [
      problem(
        sweeperResource,
        'its last run reached no destination',
        'see what is said of the destinations',
      ),
    ];
  }
  return [ok(sweeperResource, `ran ${relative(last.endedAt, now)}`)];
}

/** Whether the sweeper was deployed so lately that its schedule may not have invoked it yet. */
export function isJustDeployed(deployedAt: number | undefined, now: number): deployedAt is number {
  return deployedAt !== undefined && now - deployedAt < sweeperQuietMs;
}
