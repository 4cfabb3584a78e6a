/**
 * Runs a command that cannot outlive the process that started this script.
 *
 * The standard input is the leash: it ends when the starter closes it, and when the starter dies in
 * any way, `kill -9` included. The command's whole process group is then killed, and its
 * scratch folder (its `TMPDIR`) removed. Exits with the command's exit code.
 *
 * Usage: `node leash.ts <command> [argument...]`
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [command = '', ...commandArguments] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'cdk-outbox-'));

const child = spawn(command, commandArguments, {
  // A group of its own: what the command starts is killed with it.
  detached: true,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, TMPDIR: scratch },
});

child.once('error', (error) => {
  console.error(error.message);
  end(127);
});
child.once('exit', (code, signal) => {
  end(code ?? (signal === null ? 1 : 128));
});
process.stdin.once('close', () => {
  kill(0);
});
process.stdin.resume();

process.once('SIGTERM', () => {
  kill(143);
});

/** Ends when the command is gone. */
function kill(code: number): void {
  child.removeAllListeners('exit').once('exit', () => {
    end(code);
  });
  killGroup();
}

function end(code: number): never {
  killGroup();
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code);
}

function killGroup(): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
