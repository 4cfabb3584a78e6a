import { Option } from 'commander';

import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { toNumber } from '../options.ts';
import { openSession, type Session } from '../session.ts';
import { concernsOf, type Concern } from '../status/concerns.ts';
import { lookAtStatus, type StatusFacts } from '../status/facts.ts';
import { renderStatus } from '../status/render.ts';
import { printJson } from '../view/json.ts';
import type { World } from '../world.ts';
import type { CommandSpec } from './command.ts';

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
    const show = (): Promise<ExitCode> => showStatus(session, world, options.json === true);
    if (options.watch !== true) return show();
    return watch(show, options.every * 1000, world);
  },
};

const clearScreen = '\u001b[2J\u001b[H';

async function watch(
  show: () => Promise<ExitCode>,
  everyMs: number,
  world: World,
): Promise<ExitCode> {
  for (;;) {
    if (world.terminal.isInteractive) world.terminal.write(clearScreen);
    const code = await show();
    await world.clock.sleep(everyMs);
    if (world.stop.aborted) return code;
  }
}

async function showStatus(session: Session, world: World, asJson: boolean): Promise<ExitCode> {
  const facts = await lookAtStatus(session);
  const concerns = concernsOf(facts);
  if (asJson) printJson(world.terminal, { ...facts, concerns });
  else world.terminal.write(`${renderStatus(facts, concerns)}\n`);
  return exitCodeOf(facts, concerns);
}

function exitCodeOf({ trigger, queues }: StatusFacts, concerns: readonly Concern[]): ExitCode {
  if (concerns.length > 0) return exitCodes.needsPerson;
  const isAllSeen = trigger.status === 'seen' && queues.status === 'seen';
  return isAllSeen ? exitCodes.fine : exitCodes.failed;
}
