import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { runChild } from './child.ts';
import { localFolder, withLock } from './local-folder.ts';

const requirements = join(import.meta.dirname, 'requirements.txt');
const candidates = [
  'python3',
  'python3.14',
  'python3.13',
  'python3.12',
  'python3.11',
  'python3.10',
];
const minMinor = 10;

/** What to do where Python is no option. */
const otherwise =
  'or name a local AWS that runs already: AWS_ENDPOINT_URL=http://localhost:4566 npm run demo';

/**
 * A Python that has what `requirements.txt` names, in a virtual environment of this clone.
 *
 * The first call makes it, for which it needs Python 3.10 or later and the package index; later ones
 * find it. Throws with a mend where either is missing.
 */
export async function pythonWithMiniStack(): Promise<string> {
  const pins = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const environment = localFolder(`ministack-${pins.slice(0, 8)}`);
  await withLock('ministack', async () => {
    if (!existsSync(environment)) await install(environment);
  });
  return join(environment, 'bin', 'python');
}

/** Installs beside the final place and moves it there when whole, so that an interrupted one is never used. */
async function install(environment: string): Promise<void> {
  const partial = `${environment}.partial`;
  const python = await findPython();
  await rm(partial, { recursive: true, force: true });
  await step('make a virtual environment', 'on Debian and Ubuntu: apt install python3-venv', {
    name: python,
    arguments: ['-m', 'venv', partial],
  });
  await step('install MiniStack', 'the package index must be reachable, this once', {
    name: join(partial, 'bin', 'python'),
    arguments: ['-m', 'pip', 'install', '--disable-pip-version-check', '-r', requirements],
  });
  await rename(partial, environment);
}

async function step(
  what: string,
  mend: string,
  command: { name: string; arguments: string[] },
): Promise<void> {
  try {
    await runChild({ ...command, env: process.env });
  } catch (error) {
    throw new Error(`could not ${what} (${mend}), ${otherwise}`, { cause: error });
  }
}

async function findPython(): Promise<string> {
  const versions = await Promise.all(candidates.map(versionOf));
  const found = candidates.find((_, index) => (versions[index]?.[1] ?? 0) >= minMinor);
  if (found !== undefined) return found;
  const seen = versions.find((version) => version !== undefined)?.join('.') ?? 'none';
  throw new Error(
    `the local AWS needs Python 3.${minMinor} or later, found ${seen}: install it, ${otherwise}`,
  );
}

/** Major and minor version, or `undefined` where there is no such command. */
async function versionOf(python: string): Promise<[number, number] | undefined> {
  try {
    const script = 'import sys; print(*sys.version_info[:2])';
    const { stdout } = await promisify(execFile)(python, ['-c', script]);
    return stdout.trim().split(' ').map(Number) as [number, number];
  } catch {
    return undefined;
  }
}
