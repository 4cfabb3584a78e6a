import type { DestinationConfig } from '../../contract/environment.ts';
import { explain } from '../aws/failure.ts';
import type { Session } from '../session.ts';
import { checkArchive } from './archive.ts';
import { checkBus } from './bus.ts';
import { unknown, type Finding } from './finding.ts';
import { checkKeys } from './keys.ts';
import { checkQueue } from './queue.ts';
import { checkRights } from './rights.ts';
import { checkSweeper } from './sweeper.ts';
import { checkTable } from './table.ts';
import { checkTopic } from './topic.ts';
import { checkTrigger } from './trigger.ts';

type Check = (session: Session) => Promise<Finding[]>;

/** Looks at everything that an outbox needs. What cannot be looked at keeps nothing else from being. */
export async function examine(session: Session): Promise<Finding[]> {
  const checks: [about: string, check: Check][] = [
    ['table', checkTable],
    ['trigger', checkTrigger],
    ['sweeper', checkSweeper],
    ['archive', checkArchive],
    ...(session.place.config?.destinations ?? []).map(checkOf),
    ['keys', checkKeys],
    ['rights', checkRights],
  ];
  const findings = await Promise.all(
    checks.map(([about, check]) => orUnknown(about, () => check(session))),
  );
  return findings.flat();
}

function checkOf(destination: DestinationConfig): [about: string, check: Check] {
  const check = { bus: checkBus, queue: checkQueue, topic: checkTopic }[destination.kind];
  return [`${destination.kind} ${destination.name}`, (session) => check(destination, session)];
}

async function orUnknown(about: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    return [unknown(about, `could not be looked at: ${explain(error)}`)];
  }
}
