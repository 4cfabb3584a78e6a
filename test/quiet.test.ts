import { Logger } from '@aws-lambda-powertools/logger';
import { describe, expect, it } from 'vitest';

import { captureChild } from '../bin/demo/child.ts';
import { pathWithNode } from '../bin/demo/local-folder.ts';

/** This file is run once more below, where its two tests write to every output there is. */
const isInner = process.env['INNER_RUN'] === 'yes';

function writeEverywhere(text: string): void {
  process.stdout.write(`${text} on standard output\n`);
  process.stderr.write(`${text} on standard error\n`);
  console.log(`${text} on the console`);
  new Logger().error(`${text} in the log`);
}

describe.runIf(isInner)('a noisy test', () => {
  it('that passes', () => {
    writeEverywhere('passed');
  });

  it('that fails', () => {
    writeEverywhere('failed');
    expect(1).toBe(2);
  });
});

it.skipIf(isInner)(
  'a test run shows what a failed test writes, and nothing of one that passes',
  async () => {
    const { exitCode, stdout, stderr } = await captureChild({
      name: 'vitest',
      arguments: ['run', 'test/quiet.test.ts'],
      env: { ...process.env, PATH: pathWithNode(process.env), INNER_RUN: 'yes', VITEST: undefined },
    });

    const output = stdout + stderr;
    const places = ['on standard output', 'on standard error', 'on the console', 'in the log'];
    expect(exitCode).toBe(1);
    expect(places.filter((place) => !output.includes(`failed ${place}`))).toEqual([]);
    expect(output).not.toMatch(/passed (on|in) the|passed on standard/);
  },
);
