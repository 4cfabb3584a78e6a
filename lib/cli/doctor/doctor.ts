import type { DestinationConfig } from '../../core/environment.ts';
import { exitCodes, type CommandSpec, type ExitCode } from '../command.ts';
import { openSession, type Session } from '../session.ts';
import { printJson } from '../view/format.ts';
import { printable, wrapText } from '../view/table.ts';
import { checkBus } from './bus.ts';
import { checkConcurrency, checkConsumers } from './consumers.ts';
import { checkQueue, checkTopic } from './destinations.ts';
import { orUnknown, warning, type Finding } from './finding.ts';
import { checkKeys, checkRights } from './rights.ts';
import { checkArchive, checkSweeper } from './schedules.ts';
import { checkTable, checkTrigger } from './table.ts';

/** Checks a deployment. */
export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'check that everything the outbox needs is there and as it should be',
  details: `Looks at the table, the relay's trigger, the sweeper, the destinations with their rules, targets and queue policies,
the keys, and what the functions' roles allow. Changes nothing. A warning does not change the exit code.`,
  examples: [
    'outbox doctor',
    'outbox doctor --json | jq \'.findings[] | select(.severity == "problem")\'',
  ],
  run: async ({ options }, world) => {
    const session = await openSession(options, world);
    const findings = await examine(session);
    if (options.json === true) {
      printJson(world.terminal, {
        outbox: session.place.name,
        table: session.place.tableName,
        findings,
      });
    } else {
      world.terminal.write(
        `Outbox ${session.place.name}\n\n${findings.map((one) => renderFinding(one, world.terminal.width)).join('\n')}\n`,
      );
    }
    return exitCodeOf(findings);
  },
};

const marks = { ok: '✓', warning: '!', problem: '✗', unknown: '?' } as const;

function renderFinding(
  { severity, about, what, nextStep }: Finding,
  width: number | undefined,
): string {
  const line = wrapText(`${marks[severity]} ${printable(`${about}: ${what}`)}`, width, '  ');
  if (nextStep === undefined) return line;
  // A command stays on one line: it is to be pasted.
  const isCommand = /(^|[:;] )(aws|outbox) /.test(nextStep);
  const step = `    → ${printable(nextStep)}`;
  return `${line}\n${isCommand ? step : wrapText(step, width, '      ')}`;
}

function exitCodeOf(findings: readonly Finding[]): ExitCode {
  const has = (severity: Finding['severity']): boolean =>
    findings.some((finding) => finding.severity === severity);
  if (has('problem')) return exitCodes.needsPerson;
  return has('unknown') ? exitCodes.failed : exitCodes.fine;
}

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
