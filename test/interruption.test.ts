import { describe, expect, it } from 'vitest';

import { startChild } from '../bin/demo/child.ts';
import { pathWithNode } from '../bin/demo/local-folder.ts';
import { latestOf, poll } from '../bin/demo/poll.ts';
import { processesBelow, startSignalled, stillRunning } from './e2e/process-tree.ts';

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
      const { pid, exited } = await startRun();
      const processes = await poll(() => whenAllRun(pid), {
        until: 'DynamoDB Local and the process of the test run',
      });

      process.kill(pid, signal);
      await exited;

      const left = await latestOf(
        () => stillRunning(processes),
        (running) => running.length === 0,
      );
      expect(left).toEqual([]);
    },
  );
});

/** A run of this file. */
function startRun() {
  return startSignalled({
    name: 'vitest',
    arguments: ['run', 'test/interruption.test.ts'],
    env: { ...process.env, PATH: pathWithNode(process.env), INNER_RUN: 'yes', VITEST: undefined },
  });
}

/** The run's processes, once both of its own are there. */
async function whenAllRun(pid: number) {
  const processes = await processesBelow(pid);
  const commands = [...processes.values()].join('\n');
  const areThere = ['DynamoDBLocal.jar', 'sleep 86400'].every((one) => commands.includes(one));
  return areThere ? processes : undefined;
}
