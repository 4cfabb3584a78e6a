import { describe, expect, it } from 'vitest';

import { startChild } from '../bin/demo/child.ts';
import { pathWithNode } from '../bin/demo/local-folder.ts';
import { latestOf, poll } from '../bin/demo/poll.ts';
import { processesBelow, stillRunning } from './e2e/process-tree.ts';

/** This file is run once more below, where its one test starts a process, and ends when the run is interrupted. */
const isInner = process.env['INNER_RUN'] === 'yes';
const endless = ['-c', 'sleep 86400 & wait'];

it.runIf(isInner)('starts a process that never ends', async () => {
  await startChild({ name: 'sh', arguments: endless, env: process.env }).exited;
});

describe.skipIf(isInner)('a test run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'leaves no process behind when it gets %s',
    async (signal) => {
      const run = startRun();
      const { pid, processes } = await poll(() => whenAllRun(run), {
        until: 'DynamoDB Local and the process of the test run',
      });

      process.kill(pid, signal);
      await run.exited;

      const left = await latestOf(
        () => stillRunning(processes),
        (running) => running.length === 0,
      );
      expect(left).toEqual([]);
    },
  );
});

/** A run of this file, in a shell that says the run's process id. */
function startRun() {
  return startChild({
    name: 'sh',
    arguments: ['-c', 'echo pid $$; exec vitest run test/interruption.test.ts'],
    env: { ...process.env, PATH: pathWithNode(process.env), INNER_RUN: 'yes', VITEST: undefined },
  });
}

/** The run and all below it, once both of its processes are there. */
async function whenAllRun({ lastLines }: ReturnType<typeof startRun>) {
  const pid = Number(/pid (\d+)/.exec(lastLines())?.[1]);
  const processes = await processesBelow(pid);
  const commands = [...processes.values()].join('\n');
  const areThere = ['DynamoDBLocal.jar', 'sleep 86400'].every((one) => commands.includes(one));
  return areThere ? { pid, processes } : undefined;
}
