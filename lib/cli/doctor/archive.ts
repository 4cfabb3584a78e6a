import { pageStart, type Page } from '../../table/keys.ts';
import { definedOnly } from '../../core/pick.ts';
import type { Session } from '../session.ts';
import { duration, relative } from '../view/time.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

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
  const mend = 'look into the log of the function Archive of the outbox; is its schedule enabled?';
  if (upTo === undefined) {
    return deployedAt !== undefined && now - deployedAt < firstRunMs
      ? [
          ok(
            archiveResource,
            `the archiver has not run since it was deployed ${relative(deployedAt, now)}`,
          ),
        ]
      : [warning(archiveResource, 'the archiver has never come to an end', mend)];
  }
  const ageMs = now - pageStart(upTo);
  if (ageMs >= retentionMs) {
    const gone = `what was written before ${duration(retentionMs)} ago and after ${upTo} UTC has expired without being archived`;
    return [problem(archiveResource, gone, mend)];
  }
  const behind = `pages of ${duration(ageMs)} ago are not archived yet, and expire when they are ${duration(retentionMs)} old`;
  if (ageMs >= retentionMs / 2) return [problem(archiveResource, behind, mend)];
  if (ageMs > usualAgeMs) return [warning(archiveResource, behind, mend)];
  return [ok(archiveResource, `everything up to ${upTo} UTC is archived`)];
}
