import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { startChild } from '../bin/demo/child.ts';
import { pathWithNode } from '../bin/demo/local-folder.ts';
import { latestOf, poll } from '../bin/demo/poll.ts';
import {
  processesBelow,
  startSignalled,
  stillRunning,
  type Signalled,
} from './e2e/process-tree.ts';

/** This file is run once more below, where its one test starts a process, and ends when the run is interrupted. */
const isInner = process.env['INNER_RUN'] === 'yes';
const signals = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
const endless = ['-c', 'sleep 86400 & wait'];

it.runIf(isInner)('starts a process that never ends', async () => {
  await startChild({ name: 'sh', arguments: endless, env: process.env }).exited;
});

describe.skipIf(isInner)('a test run', () => {
  it.each(signals)('leaves no process behind when it gets %s', async (signal) => {
    const run = await startSignalled({
      name: 'vitest',
      arguments: ['run', 'test/interruption.test.ts'],
      env: { ...process.env, PATH: pathWithNode(process.env), INNER_RUN: 'yes', VITEST: undefined },
    });

    expect(await leftAfter(signal, run, ['DynamoDBLocal.jar', 'sleep 86400'])).toEqual([]);
  });
});

describe.skipIf(isInner)('npm', () => {
  it.each(signals)('leaves no process of a script behind when it gets %s', async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), 'cdk-outbox-npm-'));
    // The first step of `npm test`, which runs npm by its name.
    writeFileSync(join(folder, 'npm'), `#!/bin/sh\n${endless.at(-1) ?? ''}\n`);
    chmodSync(join(folder, 'npm'), 0o755);
    const npm = await startSignalled({
      name: 'sh',
      arguments: ['-c', 'npm=$(command -v npm); PATH="$STEPS:$PATH" exec "$npm" test'],
      env: { ...process.env, STEPS: folder },
    });

    expect(await leftAfter(signal, npm, ['bin/test.ts', 'sleep 86400'])).toEqual([]);
  });
});

/** What still runs after a signal, which comes once the named commands run. */
async function leftAfter(
  signal: NodeJS.Signals,
  { pid, exited }: Signalled,
  awaited: readonly string[],
): Promise<string[]> {
  const processes = await poll(
    async () => {
      const below = await processesBelow(pid);
      const commands = [...below.values()].join('\n');
      return awaited.every((one) => commands.includes(one)) ? below : undefined;
    },
    { until: `${awaited.join(' and ')} run` },
  );
  process.kill(pid, signal);
  await exited;
  return latestOf(
    () => stillRunning(processes),
    (running) => running.length === 0,
  );
}
