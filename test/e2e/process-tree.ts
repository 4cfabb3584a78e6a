import { onTestFinished } from 'vitest';

import { captureChild, startChild, type Command, type OnLine } from '../../bin/demo/child.ts';
import { latestOf } from '../../bin/demo/poll.ts';

/** A process, so that another one that gets its id later is not taken for it. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** A command that gets a signal. */
export interface Signalled {
  readonly pid: number;
  /** Resolves with the exit code, which is 128 and the signal's number after a signal. */
  readonly exited: Promise<number>;
}

/**
 * Starts a command in a shell that outlives it, until the end of the test: what the command leaves behind is left, and
 * not killed by the leash.
 */
export async function startSignalled(
  command: Command,
  onLine: OnLine = () => undefined,
): Promise<Signalled> {
  const script = '"$@" 2>&1 & echo "$!"; wait "$!"; echo "exit code $?"; exec sleep 86400';
  let pid = 0;
  const exited = Promise.withResolvers<number>();
  const shell = startChild(
    { ...command, name: 'sh', arguments: ['-c', script, 'sh', command.name, ...command.arguments] },
    (line) => {
      const [, code] = /^exit code (\d+)$/.exec(line) ?? [];
      if (pid === 0) pid = Number(line);
      else if (code === undefined) onLine(line);
      else exited.resolve(Number(code));
    },
  );
  onTestFinished(() => shell.stop());
  await latestOf(() => Promise.resolve(pid), Boolean);
  return { pid, exited: exited.promise };
}

/** The commands below a process, at any depth, by id. */
export async function processesBelow(pid: number): Promise<Map<number, string>> {
  const all = await processes();
  const below = new Map<number, string>();
  const add = (parent: number): void => {
    for (const process of all.filter((candidate) => candidate.parent === parent)) {
      below.set(process.pid, process.command);
      add(process.pid);
    }
  };
  add(pid);
  return below;
}

/** Those of the processes that still run the same command. */
export async function stillRunning(former: ReadonlyMap<number, string>): Promise<string[]> {
  const all = await processes();
  return all
    .filter(({ pid, command }) => former.get(pid) === command)
    .map(({ command }) => command);
}

async function processes(): Promise<Process[]> {
  const { stdout } = await captureChild({
    name: 'ps',
    arguments: ['-A', '-o', 'pid=,ppid=,stat=,args='],
    env: process.env,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state = '', command = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    // One that is dead and waits to be taken note of runs no more.
    return pid === undefined || state.startsWith('Z')
      ? []
      : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
