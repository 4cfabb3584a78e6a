import {
  captureChild,
  startChild,
  type Child,
  type Command,
  type OnLine,
} from '../../bin/demo/child.ts';
import { poll } from '../../bin/demo/poll.ts';

/** A process, so that another one that gets its id later is not taken for it. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** A child whose own process id is known: a signal to it reaches nothing that it started. */
export interface SignalledChild extends Child {
  readonly pid: number;
}

/** Starts a command on a leash, and resolves when its process id is known. */
export async function startSignalled(
  command: Command,
  onLine: OnLine = () => undefined,
): Promise<SignalledChild> {
  const shell = ['-c', 'echo "$$" && exec "$@"', 'sh', command.name, ...command.arguments];
  let pid: number | undefined;
  const child = startChild({ ...command, name: 'sh', arguments: shell }, (line) => {
    if (pid === undefined) pid = Number(line);
    else onLine(line);
  });
  return {
    ...child,
    pid: await poll(() => Promise.resolve(pid), { until: `${command.name} has a process id` }),
  };
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
