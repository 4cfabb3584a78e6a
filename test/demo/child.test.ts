import { existsSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { runChild, startChild } from '../../bin/demo/child.ts';
import { latestWithin } from '../../bin/demo/poll.ts';

const env = { PATH: process.env['PATH'] };

/** A shell that starts another process, says that one's id, and waits. */
const parentOfAnother = ['-c', 'sleep 1000 & echo $!; wait'];

describe('a child', () => {
  it('takes all that it started with it when it is stopped', async () => {
    const lines: string[] = [];
    const child = startChild({ name: 'sh', arguments: parentOfAnother, env }, (line) => {
      lines.push(line);
    });
    const [pid = ''] = await latestWithin(10_000, () => Promise.resolve(lines), hasOne);

    await child.stop();

    expect(await isGone(Number(pid))).toBe(true);
  });

  it('takes all that it started with it when it ends', async () => {
    const child = startChild({ name: 'sh', arguments: ['-c', 'sleep 1000 & echo $!'], env });

    await child.exited;

    expect(await isGone(Number(child.lastLines()))).toBe(true);
  });

  it('has a folder for temporary files, which goes with it', async () => {
    const command = ['-c', 'touch "$TMPDIR/file" && ls "$TMPDIR" && echo "$TMPDIR"'];
    const child = startChild({ name: 'sh', arguments: command, env });

    await child.exited;
    const [file, folder = ''] = child.lastLines().split('\n');

    expect(file).toBe('file');
    expect(existsSync(folder)).toBe(false);
  });

  it('that fails is told of with its last lines and its exit code', async () => {
    const failing = runChild({ name: 'sh', arguments: ['-c', 'echo so it goes; exit 3'], env });

    await expect(failing).rejects.toThrow(/failed \(exit code 3\):\nso it goes/);
  });

  it('that cannot be started is told of', async () => {
    const missing = runChild({ name: 'there-is-no-such-command', arguments: [], env });

    await expect(missing).rejects.toThrow(/exit code 127.*there-is-no-such-command/s);
  });
});

function hasOne(lines: readonly string[]): boolean {
  return lines.length > 0;
}

function isGone(pid: number): Promise<boolean> {
  return latestWithin(5_000, () => Promise.resolve(!isRunning(pid)), Boolean);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
