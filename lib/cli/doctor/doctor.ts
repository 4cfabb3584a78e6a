import { examine } from './checks.ts';
import type { Finding } from './finding.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { openSession } from '../session.ts';
import { printJson } from '../view/json.ts';
import { printable } from '../view/printable.ts';
import { wrapText } from '../view/table.ts';
import type { CommandSpec } from '../command.ts';

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
  { severity, about, what, mend }: Finding,
  width: number | undefined,
): string {
  const line = wrapText(`${marks[severity]} ${printable(`${about}: ${what}`)}`, width, '  ');
  if (mend === undefined) return line;
  // A command stays on one line: it is to be pasted.
  const isCommand = /(^|[:;] )(aws|outbox) /.test(mend);
  const step = `    → ${printable(mend)}`;
  return `${line}\n${isCommand ? step : wrapText(step, width, '      ')}`;
}

function exitCodeOf(findings: readonly Finding[]): ExitCode {
  const has = (severity: Finding['severity']): boolean =>
    findings.some((finding) => finding.severity === severity);
  if (has('problem')) return exitCodes.needsPerson;
  return has('unknown') ? exitCodes.failed : exitCodes.fine;
}
