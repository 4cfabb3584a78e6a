import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { runChild, startChild, startServer } from '../../bin/demo/child.ts';
import { latestOf } from '../../bin/demo/poll.ts';

const env = { PATH: process.env['PATH'] };

/** A shell that starts another process, says that one's id, and waits. */
const parentOfAnother = ['-c', 'sleep 1000 & echo $!; wait'];

describe('a child', () => {
  it('takes all that it started with it when it is stopped', async () => {
    const lines: string[] = [];
    const child = startChild({ name: 'sh', arguments: parentOfAnother, env }, (line) => {
      lines.push(line);
    });
    const [pid = ''] = await latestOf(() => Promise.resolve(lines), hasOne);

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

describe('a server', () => {
  it('that does not answer in time is stopped, and the error has what it wrote', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cdk-outbox-server-'));
    const pidFile = join(folder, 'pid');
    const script = `echo warming up; sleep 1000 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`;

    const starting = startServer({
      name: 'Slow',
      commandFor: () => ({ name: 'sh', arguments: ['-c', script], env }),
      isUp: () => latestOf(() => Promise.resolve(existsSync(pidFile)), Boolean).then(() => false),
      timeoutMs: 0,
    });

    await expect(starting).rejects.toThrow(/timed out waiting until Slow answers .*warming up/s);
    expect(await isGone(Number(readFileSync(pidFile, 'utf8')))).toBe(true);
  });

  it('that stops while it starts is told of with what it wrote', async () => {
    const starting = startServer({
      name: 'Broken',
      commandFor: () => ({ name: 'sh', arguments: ['-c', 'echo no memory; exit 3'], env }),
      isUp: () => Promise.reject(new Error('refused')),
    });

    await expect(starting).rejects.toThrow(/Broken stopped .*exit code 3.*no memory/s);
  });

  it('is started on another port where its port was taken meanwhile', async () => {
    const ports: number[] = [];
    const takenOnce = (port: number): string =>
      ports.push(port) === 1 ? 'echo Address already in use; exit 1' : 'echo ready; sleep 1000';

    const { endpoint, process: server } = await startServer({
      name: 'Second',
      commandFor: (port) => ({ name: 'sh', arguments: ['-c', takenOnce(port)], env }),
      isUp: () => Promise.resolve(ports.length === 2),
    });
    await server.stop();

    expect(new Set(ports).size).toBe(2);
    expect(endpoint).toBe(`http://127.0.0.1:${ports[1] ?? 0}`);
  });
});

function hasOne(lines: readonly string[]): boolean {
  return lines.length > 0;
}

function isGone(pid: number): Promise<boolean> {
  return latestOf(() => Promise.resolve(!isRunning(pid)), Boolean);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
