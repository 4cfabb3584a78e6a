import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { projectFolder } from './local-folder.ts';

/** A command to run, in the folder of the clone. */
export interface Command {
  readonly name: string;
  readonly arguments: readonly string[];
  /** Everything it sees: nothing is inherited beside it. */
  readonly env: NodeJS.ProcessEnv;
}

/** A running command. It dies with this process, however this process dies. */
export interface Child {
  /** Resolves with the exit code when the command, and all that it started, is gone. */
  readonly exited: Promise<number>;
  /** The last lines it wrote, to standard output and error alike. */
  lastLines(): string;
  /** Kills the command and all that it started. Resolves when they are gone. */
  stop(): Promise<void>;
}

/** Gets each line that a command writes. */
export type OnLine = (line: string) => void;

const leash = join(import.meta.dirname, 'leash.ts');
const linesKept = 30;

/** Starts a command on a leash: see `leash.ts`. */
export function startChild(command: Command, onLine: OnLine = () => undefined): Child {
  const lines: string[] = [];
  const child = spawn(process.execPath, [leash, command.name, ...command.arguments], {
    // A session of its own, so that Ctrl-C in the terminal does not reach the leash before its work is done.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: projectFolder,
    env: command.env,
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      if (lines.length > linesKept) lines.shift();
      onLine(line);
    });
  }
  // A leash that is gone already has closed its end; nothing is ever written to it.
  child.stdin.on('error', () => undefined);
  const exited = once(child, 'close').then(([code]) => (code as number | null) ?? 1);
  return {
    exited,
    lastLines: () => lines.join('\n'),
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

/**
 * Runs a command to its end.
 *
 * Throws if it fails, with the last lines that it wrote.
 */
export async function runChild(command: Command, onLine?: OnLine): Promise<void> {
  const child = startChild(command, onLine);
  const code = await child.exited;
  if (code === 0) return;
  const line = [command.name, ...command.arguments].join(' ');
  throw new Error(`${line} failed (exit code ${code}):\n${child.lastLines()}`);
}
