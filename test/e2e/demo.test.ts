import { EventEmitter, once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { latestOf, poll } from '../../bin/demo/poll.ts';
import { processesBelow, startSignalled, stillRunning } from './process-tree.ts';

/** The demo as a user runs it, with a folder of its own for temporary files. */
let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cdk-outbox-demo-test-'));
});

afterEach(async () => {
  await rm(scratch, { recursive: true });
});

describe('npm run demo', { timeout: 45 * 60_000 }, () => {
  it('ends with tables in which every number is right, brings a stuck event back, and leaves nothing behind', async () => {
    const demo = await startDemo(['--orders', '12', '--chaos']);
    await demo.says('Place 12 orders');
    const processes = await processesBelow(demo.pid);

    const code = await demo.exited;

    const output = demo.output();
    const [, id = 'none'] = /\n\$ npx outbox redrive (\S+) .*--yes/.exec(output) ?? [];
    expect(output).toMatch(/order\.placed delivered +│ +12 │ +12 │ ✓/);
    expect(output).toMatch(/copies of messages .*│ +[1-9]\d* │/);
    expect(output).toMatch(/orders charged twice +│ +0 │ +0 │ ✓/);
    expect(output).toMatch(/events of failed transactions +│ +0 │ +0 │ ✓/);
    expect(output).toMatch(/median +│ +\d+ ms/);
    expect(output).toMatch(/\$ npx outbox status .*[^$]*1 entry is parked/);
    expect(output).toMatch(new RegExp(`\\$ npx outbox ls parked .*[^$]*${id} +parked`));
    expect(output).toMatch(new RegExp(`\\$ npx outbox show ${id} .*[^$]*missing at +queue/`));
    expect(output).toMatch(/parked, redriven and delivered +│ +1 │ +1 │ ✓/);
    expect(output).toMatch(/events that still wait +│ +0 │ +0 │ ✓/);
    expect(output).toMatch(/missing events written +│ +1 │ +1 │ ✓/);
    expect(output).toMatch(/order\.placed delivered +│ +18 │ +18 │ ✓/);
    expect(code).toBe(0);
    await expectNothingLeftOf(processes);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', 137],
  ] as const)('leaves no process behind after %s', async (signal, exitCode) => {
    const demo = await startDemo([]);
    const processes = await whileSynthesizing(demo);

    process.kill(demo.pid, signal);

    expect(await demo.exited).toBe(exitCode);
    await expectNoneRunning(processes);
  });

  it('keeps everything running with --keep, says what to try, and goes on Ctrl-C', async () => {
    const demo = await startDemo(['--orders', '1', '--keep']);
    await demo.says('Ctrl-C stops it');
    const processes = await processesBelow(demo.pid);
    const [url = ''] = /http:\S+\/orders/.exec(demo.output()) ?? [];

    const answer = await fetch(`${url}/there-is-none`);
    process.kill(demo.pid, 'SIGINT');
    await demo.exited;

    expect(answer.status).toBe(404);
    expect([...processes.values()].join('\n')).toMatch(/_worker\.js/);
    await expectNothingLeftOf(processes);
  });

  it('refuses an endpoint that is the real AWS', async () => {
    const demo = await startDemo([], {
      AWS_ENDPOINT_URL: 'https://dynamodb.eu-west-1.amazonaws.com',
    });

    expect(await demo.exited).toBe(1);
    expect(demo.output()).toMatch(/is the real AWS and costs money: pass --aws/);
  });

  it('says how it is called', async () => {
    const demo = await startDemo(['--help']);

    expect(await demo.exited).toBe(0);
    expect(demo.output()).toMatch(/--orders N/);
  });
});

interface Demo {
  readonly pid: number;
  readonly exited: Promise<number>;
  output(): string;
  /** Resolves when the output holds the text; throws if the demo ends without. */
  says(text: string): Promise<void>;
}

async function startDemo(options: string[], env: NodeJS.ProcessEnv = {}): Promise<Demo> {
  let text = '';
  const output = new EventEmitter();
  const { pid, exited } = await startSignalled(
    {
      // The folder for temporary files is the test's, not the leash's: what the demo leaves there is seen.
      name: 'env',
      arguments: [
        `TMPDIR=${scratch}`,
        ...[process.execPath, 'bin/demo.ts', '--no-build', ...options],
      ],
      env: { ...process.env, AWS_ENDPOINT_URL: '', NO_COLOR: '1', ...env },
    },
    (line) => {
      text += `${line}\n`;
      output.emit('line');
    },
  );
  return {
    pid,
    exited,
    output: () => text,
    says: async (expected) => {
      const hasEnded = exited.then(() => true);
      while (!text.includes(expected)) {
        const isOver = await Promise.race([hasEnded, once(output, 'line').then(() => false)]);
        if (isOver && !text.includes(expected)) {
          throw new Error(`the demo ended without saying ${JSON.stringify(expected)}:\n${text}`);
        }
      }
    },
  };
}

/** What runs below the demo while the local AWS is up and the CDK app runs. */
async function whileSynthesizing(demo: Demo): Promise<Map<number, string>> {
  await demo.says('✔ Find or start a local AWS');
  return poll(
    async () => {
      const processes = await processesBelow(demo.pid);
      const commands = [...processes.values()].join('\n');
      return commands.includes('ministack') && commands.includes('bin/app.ts')
        ? processes
        : undefined;
    },
    { until: 'the CDK app runs' },
  );
}

async function expectNothingLeftOf(processes: ReadonlyMap<number, string>): Promise<void> {
  await expectNoneRunning(processes);
  expect(await readdir(scratch)).toEqual([]);
}

async function expectNoneRunning(processes: ReadonlyMap<number, string>): Promise<void> {
  const running = await latestOf(
    () => stillRunning(processes),
    (commands) => commands.length === 0,
  );
  expect(processes.size).toBeGreaterThan(1);
  expect(running).toEqual([]);
}
