import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A process, so that another one that gets its id later is not taken for it. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
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
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state = '', command = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    // One that is dead and waits to be taken note of runs no more.
    return pid === undefined || state.startsWith('Z')
      ? []
      : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
