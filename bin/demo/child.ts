import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import getPort from 'get-port';

import { projectFolder } from './local-folder.ts';
import { patienceMs, poll } from './poll.ts';

/** A command to run. */
export interface Command {
  readonly name: string;
  readonly arguments: readonly string[];
  /** The complete environment: the command inherits nothing else. */
  readonly env: NodeJS.ProcessEnv;
  /** @default - the folder of the clone */
  readonly cwd?: string;
}

/** A running command. It ends with this process, also when this process is killed. */
export interface Child {
  /** Resolves with the exit code when the command, and all that it started, is gone. */
  readonly exited: Promise<number>;
  /** The last lines that it wrote to standard output and standard error. */
  readonly lastLines: () => string;
  /** Kills the command and all that it started. Resolves when they are gone. */
  readonly stop: () => Promise<void>;
}

/** How often to check that the starter still runs. */
const starterCheckMs = 500;

/**
 * Ends this program, and with it all its children, on a signal, and as an npm script also when npm is killed.
 *
 * Limit: the script has to begin with `exec`. A shell between npm and this program would outlive npm.
 */
export function endWithStarter(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const npm = process.ppid;
  setInterval(() => {
    if (process.ppid !== npm) process.exit(1);
  }, starterCheckMs).unref();
}

/** Gets each line that a command writes. */
export type OnLine = (line: string) => void;

const leash = join(import.meta.dirname, 'leash.ts');
const linesKept = 30;

/** Starts a command on a leash: see `leash.ts`. */
export function startChild(command: Command, onLine: OnLine = () => undefined): Child {
  const lines: string[] = [];
  const { stdout, stderr, exited, stop } = spawnOnLeash(command);
  for (const stream of [stdout, stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      if (lines.length > linesKept) lines.shift();
      onLine(line);
    });
  }
  return { exited, lastLines: () => lines.join('\n'), stop };
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
  throw new Error(`${lineOf(command)} failed (exit code ${code}):\n${child.lastLines()}`);
}

/** What a command wrote, and how it ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and keeps all that it writes. A failure is a result. */
export async function captureChild(command: Command): Promise<CommandResult> {
  const child = spawnOnLeash(command);
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Runs a command to its end, its output among that of this process. Returns the exit code. */
export function runShown(command: Command): Promise<number> {
  return leashed(
    spawn(...leashOf(command), { ...optionsOf(command), stdio: ['pipe', 'inherit', 'inherit'] }),
  ).exited;
}

/** A server to start on a port of this machine. */
export interface Server {
  /** Its name in error messages. */
  readonly name: string;
  /** @default - one that is free */
  readonly port?: number | undefined;
  readonly commandFor: (port: number) => Command;
  /** Whether it answers. May throw while it does not. */
  readonly isUp: (endpoint: string) => Promise<boolean>;
  /**
   * How long it may take to answer, in milliseconds.
   *
   * @default - five minutes
   */
  readonly timeoutMs?: number;
}

/** A server that answers. */
export interface StartedServer {
  readonly endpoint: string;
  readonly process: Child;
}

/** Another program may take a port between the choice and the start. */
const maxStarts = 3;

/**
 * Starts a server and waits until it answers.
 *
 * Throws if it ends before, or does not answer in time, with the last lines that it wrote. Then nothing of it runs
 * any more.
 */
export async function startServer(server: Server): Promise<StartedServer> {
  for (let start = 1; ; start += 1) {
    const port = server.port ?? (await getPort());
    const endpoint = `http://127.0.0.1:${port}`;
    const child = startChild(server.commandFor(port));
    let exitCode: number | undefined;
    const ended = child.exited.then((code) => {
      exitCode = code;
      throw new Error(`${server.name} stopped while starting on port ${port} (exit code ${code})`);
    });
    try {
      await Promise.race([untilUp(server, endpoint), ended]);
      ended.catch(() => undefined);
      return { endpoint, process: child };
    } catch (cause) {
      const isPortTaken = exitCode !== undefined && /in use/i.test(child.lastLines());
      if (isPortTaken && server.port === undefined && start < maxStarts) continue;
      await child.stop();
      throw new Error(`${messageOf(cause)}:\n${child.lastLines()}`, { cause });
    }
  }
}

async function untilUp({ name, isUp, timeoutMs }: Server, endpoint: string): Promise<void> {
  await poll(async () => ((await isUp(endpoint)) ? true : undefined), {
    until: `${name} answers at ${endpoint}`,
    timeoutMs: timeoutMs ?? patienceMs,
  });
}

function spawnOnLeash(command: Command) {
  const child = spawn(...leashOf(command), { ...optionsOf(command), stdio: 'pipe' });
  return { ...leashed(child), stdout: child.stdout, stderr: child.stderr };
}

function leashOf({ name, arguments: words }: Command): [string, string[]] {
  return [process.execPath, [leash, name, ...words]];
}

function optionsOf({ env, cwd = projectFolder }: Command) {
  // A session of its own, so that Ctrl-C in the terminal does not reach the leash before its work is done.
  return { detached: true, cwd, env };
}

function leashed(child: ChildProcess): Pick<Child, 'exited' | 'stop'> {
  const exited = once(child, 'close').then(([code]) => (code as number | null) ?? 1);
  // A leash that is gone already has closed its end; nothing is ever written to it.
  child.stdin?.on('error', () => undefined);
  return {
    exited,
    stop: async () => {
      child.stdin?.end();
      await exited;
    },
  };
}

async function textOf(stream: Readable): Promise<string> {
  return (await stream.setEncoding('utf8').toArray()).join('');
}

function lineOf({ name, arguments: words }: Command): string {
  return [name, ...words].join(' ');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
