import { explain } from './aws/failure.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { runProgram } from './program.ts';
import { guardTerminal } from './terminal.ts';
import type { World } from './context.ts';

/** Runs the command: what goes wrong becomes one line and an exit code. */
export async function main(argv: readonly string[], world: World): Promise<ExitCode> {
  const terminal = guardTerminal(world.terminal);
  try {
    return await runProgram(argv, { ...world, terminal });
  } catch (error) {
    terminal.note(`outbox: ${explain(error)}\n`);
    return exitCodes.failed;
  }
}
