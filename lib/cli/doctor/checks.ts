import type { DestinationConfig } from '../../core/environment.ts';
import type { Session } from '../session.ts';
import { checkArchive } from './archive.ts';
import { checkBus } from './bus.ts';
import { checkConcurrency, checkConsumers } from './consumers.ts';
import { orUnknown, warning, type Finding } from './finding.ts';
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
    ['stack', checkStack],
    ...(session.place.config?.destinations ?? []).map(checkOf),
    ['consumers', checkConsumers],
    ['functions', checkFunctions],
    ['keys', checkKeys],
    ['rights', checkRights],
  ];
  const findings = await Promise.all(
    checks.map(([about, check]) => orUnknown(about, () => check(session))),
  );
  // A key or a queue of two checks is told once.
  return [...new Map(findings.flat().map((one) => [JSON.stringify(one), one])).values()];
}

/** The stack could be read: else its inboxes are not known. */
function checkStack({ place: { stackUnseen } }: Session): Promise<Finding[]> {
  const unseen =
    stackUnseen === undefined
      ? []
      : [
          warning(
            'stack',
            `could not be read, and its inboxes are not checked: ${stackUnseen}`,
            'name it with --stack, or allow the CloudFormation actions of outbox doctor --help',
          ),
        ];
  return Promise.resolve(unseen);
}

/** The outbox's own functions may be invoked. */
async function checkFunctions({ place, clients }: Session): Promise<Finding[]> {
  const names = [place.relay, place.sweeper].filter((name) => name !== undefined);
  const found = await Promise.all(
    names.map((name) => orUnknown(`function ${name}`, () => checkConcurrency(name, clients))),
  );
  return found.flat();
}

function checkOf(destination: DestinationConfig): [about: string, check: Check] {
  const check = { bus: checkBus, queue: checkQueue, topic: checkTopic }[destination.kind];
  return [`${destination.kind} ${destination.name}`, (session) => check(destination, session)];
}
