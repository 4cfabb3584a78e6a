import { OutboxError } from '../core/errors.ts';
import type { SweepReport } from '../table/sweep-notes.ts';
import { findOutbox } from './aws/find.ts';
import { invoke } from './aws/functions.ts';
import { exitCodes, type CommandSpec } from './command.ts';
import { openClientsFor } from './session.ts';
import { outboxNameOf } from './options.ts';
import { printJson } from './view/format.ts';
import { renderFacts } from './view/table.ts';

/** Runs the sweeper now. */
export const sweep: CommandSpec = {
  name: 'sweep',
  summary: 'run the sweeper now, and wait for what it found',
  details: 'The sweeper runs every minute by itself. Several at once do each other no harm.',
  examples: ['outbox sweep', 'outbox sweep --stack Shop --json'],
  run: async ({ options }, world) => {
    const clients = openClientsFor(options, world);
    const { name, sweeper } = await findOutbox(outboxNameOf(options), clients);
    if (sweeper === undefined) throw noSweeper(name);
    const { terminal } = world;
    if (terminal.isInteractive) terminal.note(`Sweeping ${name} …\n`);
    const invoked = await invoke(sweeper, clients);
    if (invoked.status === 'failed') {
      terminal.note(`outbox: the sweeper failed with ${invoked.error}: ${invoked.message}\n`);
      return exitCodes.needsPerson;
    }
    const report = invoked.answer as SweepReport;
    if (options.json === true) printJson(terminal, report);
    else terminal.write(`${renderReport(report, terminal.width)}\n`);
    return report.ended === 'done' || report.ended === 'out of time'
      ? exitCodes.fine
      : exitCodes.needsPerson;
  },
};

function renderReport(
  { startedAt, endedAt, ...report }: SweepReport,
  width: number | undefined,
): string {
  return renderFacts(
    [
      ['took', `${endedAt - startedAt} ms`],
      ['due', `${report.due} waiting entries attempted`],
      ['missed', `${report.missed} entries without a receipt settled`],
      ['closing', `${report.closing} more when their pages closed`],
      ['pages', `${report.pages} looked at`],
      ['parked', `${report.parked} entries need manual action`],
      ['ended', report.ended],
    ],
    width,
  );
}

function noSweeper(name: string): OutboxError {
  return new OutboxError(
    'OUTBOX_NOT_FOUND',
    `no sweeper was found of ${name}: deploy it with a version of the construct that has one, or name the outbox by --stack so that its functions are seen`,
    { details: { outbox: name } },
  );
}
