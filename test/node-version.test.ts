import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { captureChild } from '../bin/demo/child.ts';
import { minimumNodeMajor } from '../lib/core/node-version.ts';

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as unknown;

describe('the minimum version of Node.js', () => {
  it('is what engines of the package says', () => {
    expect(readJson('package.json')).toMatchObject({
      engines: { node: `>=${minimumNodeMajor}` },
    });
  });

  it('is what the documentation says', () => {
    for (const page of ['README.md', 'docs/local.md', 'CONTRIBUTING.md']) {
      const named = [...readFileSync(page, 'utf8').matchAll(/Node\.js \(?(\d+) or later/g)];

      expect(named.map(([, major]) => Number(major))).toContain(minimumNodeMajor);
      expect(new Set(named.map(([, major]) => Number(major))).size).toBe(1);
    }
  });

  it('is supported by everything that is installed with the package', () => {
    const { packages } = readJson('package-lock.json') as { packages: Record<string, Locked> };
    const installed = Object.entries(packages).filter(
      ([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional,
    );

    const tooNew = installed.filter(([, { engines }]) => minimumOf(engines) > minimumNodeMajor);

    expect(installed.length).toBeGreaterThan(20);
    expect(tooNew).toEqual([]);
  });

  it('is not what npm ci warns about: the scripts bring their own Node.js', () => {
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^loglevel=error$/m);
  });
});

describe('the command', () => {
  it.each(['18.20.8', '16.0.0'])('says on Node.js %s which version it needs', async (version) => {
    const { exitCode, stdout, stderr } = await startOn(version, ['--version']);

    expect(stderr).toBe(`outbox: needs Node.js ${minimumNodeMajor} or later, this is ${version}\n`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('starts on the minimum version', async () => {
    const { exitCode, stderr } = await startOn(`${minimumNodeMajor}.0.0`, ['--version']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});

interface Locked {
  readonly dev?: true;
  /** Only where its user has it anyway: an optional peer. */
  readonly devOptional?: true;
  readonly engines?: { readonly node?: string };
}

/** The lowest major version that a range of engines allows. */
function minimumOf({ node = '0' }: Locked['engines'] = {}): number {
  const majors = [...node.matchAll(/(\d+)(?:\.\d+)*/g)];
  return Math.min(...majors.map(([, major]) => Number(major)));
}

/** Starts the command where Node.js says that it is another version. */
function startOn(version: string, args: string[]) {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  return captureChild({
    name: process.execPath,
    arguments: [
      ...['--import', `data:text/javascript,${encodeURIComponent(pretend)}`],
      ...['bin/outbox.ts', ...args],
    ],
    env: process.env,
  });
}
