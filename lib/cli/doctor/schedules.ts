import { definedOnly } from '../../core/collections.ts';
import { pageStart, type Page } from '../../table/keys.ts';
import type { SweepReport } from '../../table/sweep-notes.ts';
import type { Session } from '../session.ts';
import { duration, relative } from '../view/format.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

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

const archiveResource = 'archive';
/** An hour is archived when it is 25 hours old, within the hour after that. */
/** The archiver runs every hour. */
const firstRunMs = 2 * 60 * 60 * 1000;
const usualAgeMs = 30 * 60 * 60 * 1000;

/** The archiver keeps up, where there is one. */
export async function checkArchive(session: Session): Promise<Finding[]> {
  const { store, clock, archive, retentionMs, place } = session;
  if (archive === undefined) return [];
  return judgeArchive((await store.readWatermark('archive'))?.page, {
    now: clock.now(),
    retentionMs,
    ...definedOnly({ deployedAt: place.deployedAt }),
  });
}

export function judgeArchive(
  upTo: Page | undefined,
  { now, retentionMs, deployedAt }: { now: number; retentionMs: number; deployedAt?: number },
): Finding[] {
  const nextStep =
    'look into the log of the function Archive of the outbox; is its schedule enabled?';
  if (upTo === undefined) {
    return deployedAt !== undefined && now - deployedAt < firstRunMs
      ? [
          ok(
            archiveResource,
            `the archiver has not run since it was deployed ${relative(deployedAt, now)}`,
          ),
        ]
      : [warning(archiveResource, 'the archiver has never completed a run', nextStep)];
  }
  const ageMs = now - pageStart(upTo);
  if (ageMs >= retentionMs) {
    const gone = `what was written before ${duration(retentionMs)} ago and after ${upTo} UTC has expired without being archived`;
    return [problem(archiveResource, gone, nextStep)];
  }
  const behind = `pages of ${duration(ageMs)} ago are not archived yet, and expire when they are ${duration(retentionMs)} old`;
  if (ageMs >= retentionMs / 2) return [problem(archiveResource, behind, nextStep)];
  if (ageMs > usualAgeMs) return [warning(archiveResource, behind, nextStep)];
  return [ok(archiveResource, `everything up to ${upTo} UTC is archived`)];
}
