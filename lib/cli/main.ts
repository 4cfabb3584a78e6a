import { explain } from './aws/failure.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { runProgram } from './program.ts';
import type { World } from './world.ts';

/** Runs the command: what goes wrong becomes one line and an exit code. */
export async function main(argv: readonly string[], world: World): Promise<ExitCode> {
  try {
    return await runProgram(argv, world);
  } catch (error) {
    world.terminal.note(`outbox: ${explain(error)}\n`);
    return exitCodes.failed;
  }
}
