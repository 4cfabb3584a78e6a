import { Option } from 'commander';

import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { hint } from '../hint.ts';
import { toNumber, type CommonOptions } from '../options.ts';
import { patiently } from '../patience.ts';
import { openSession, type Session } from '../session.ts';
import { concernsOf, type Concern } from './concerns.ts';
import { lookAtStatus, type StatusFacts } from './facts.ts';
import { renderStatus } from './render.ts';
import { toJson } from '../view/json.ts';
import type { World } from '../context.ts';
import type { CommandSpec } from '../command.ts';

interface StatusOptions {
  readonly watch?: true;
  readonly every: number;
}

/** How an outbox is doing; the exit code says whether somebody must come. */
export const status: CommandSpec<StatusOptions> = {
  name: 'status',
  summary: 'how the outbox is doing, and what needs you',
  details:
    'Reads the pages that are not settled yet, usually those of the last three minutes, and counts the waiting room in its index.',
  options: () => [
    new Option('--watch', 'go on until Ctrl-C'),
    new Option('--every <seconds>', 'how often to look, with --watch')
      .argParser(toNumber(1, 3600))
      .default(5),
  ],
  examples: [
    'outbox status',
    'outbox status --stack Shop --watch',
    'outbox status --json | jq .concerns',
  ],
  run: async ({ options }, world) => {
    const session = await openSession(options, world);
    const look = (): Promise<Report> => lookAndRender(session, options, world.terminal.width);
    if (options.watch === true) return watch(look, options.every * 1000, world);
    const { text, code } = await look();
    world.terminal.write(text);
    return code;
  },
};

/** What is to be written, and what it says to a script. */
interface Report {
  readonly text: string;
  readonly code: ExitCode;
}

async function watch(
  look: () => Promise<Report>,
  everyMs: number,
  world: World,
): Promise<ExitCode> {
  const { terminal, clock, stop } = world;
  for (;;) {
    const { text, code } = await patiently(look, world);
    if (terminal.isInteractive) terminal.clearScreen();
    terminal.write(text);
    await clock.sleep(everyMs);
    if (stop.aborted) return code;
  }
}

async function lookAndRender(
  session: Session,
  options: StatusOptions & CommonOptions,
  width: number | undefined,
): Promise<Report> {
  const facts = await lookAtStatus(session);
  const concerns = concernsOf(facts).map(({ what, command }) => ({
    what,
    command: hint(command, options),
  }));
  const text =
    options.json === true
      ? toJson({ ...facts, concerns })
      : `${renderStatus(facts, concerns, width)}\n`;
  return { text, code: exitCodeOf(facts, concerns) };
}

function exitCodeOf({ trigger, queues }: StatusFacts, concerns: readonly Concern[]): ExitCode {
  if (concerns.length > 0) return exitCodes.needsPerson;
  const isAllSeen = trigger.status === 'seen' && queues.status === 'seen';
  return isAllSeen ? exitCodes.fine : exitCodes.failed;
}
