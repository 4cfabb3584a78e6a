import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { captureChild, runChild, type OnLine } from './child.ts';
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

/** What an installation sees, and who sees it. */
export interface InstallOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Gets each line that the installation writes. */
  readonly onLine?: OnLine | undefined;
}

/** What to do where Python is no option. */
const otherwise =
  'or name a local AWS that runs already: AWS_ENDPOINT_URL=http://localhost:4566 npm run demo';

/**
 * A Python that has what `requirements.txt` names, in a virtual environment of this clone.
 *
 * The first call makes it, for which it needs Python 3.10 or later and the package index; later ones
 * find it. Throws with the next step if either is missing.
 */
export async function pythonWithMiniStack(options: InstallOptions): Promise<string> {
  const pins = createHash('sha256').update(await readFile(requirements));
  const environment = localFolder(`ministack-${pins.digest('hex').slice(0, 8)}`);
  await withLock('ministack', async () => {
    if (!existsSync(environment)) await installMiniStack(environment, options);
  });
  return join(environment, 'bin', 'python');
}

/** Installs into a partial folder and renames it when complete: an interrupted installation is never used. */
export async function installMiniStack(
  environment: string,
  { env, onLine }: InstallOptions,
): Promise<void> {
  const partial = `${environment}.partial`;
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '-r', requirements];
  const python = await findPython(env);
  await rm(partial, { recursive: true, force: true });
  await orAdvise(
    runChild({ name: python, arguments: ['-m', 'venv', partial], env }, onLine),
    'could not make a virtual environment: on Debian and Ubuntu, apt install python3-venv',
  );
  await orAdvise(
    runChild({ name: join(partial, 'bin', 'python'), arguments: pip, env }, onLine),
    'could not install MiniStack: the package index must be reachable, this once',
  );
  await rename(partial, environment);
}

/** The first Python on the path that is recent enough. */
export async function findPython(env: NodeJS.ProcessEnv): Promise<string> {
  const versions = await Promise.all(candidates.map((python) => versionOf(python, env)));
  const found = candidates.find((_, index) => (versions[index]?.minor ?? 0) >= minMinor);
  if (found !== undefined) return found;
  const seen = versions.find((version) => version !== undefined);
  throw new Error(
    `the local AWS needs Python 3.${minMinor} or later, found ${seen?.text ?? 'none'}: install it, ${otherwise}`,
  );
}

/** `undefined` where there is no such command. */
async function versionOf(
  python: string,
  env: NodeJS.ProcessEnv,
): Promise<{ minor: number; text: string } | undefined> {
  const { exitCode, stdout } = await captureChild({ name: python, arguments: ['--version'], env });
  if (exitCode !== 0) return undefined;
  const [, text = '', minor] = /Python (3\.(\d+)\S*)/.exec(stdout) ?? [];
  return { text, minor: Number(minor) };
}

async function orAdvise(work: Promise<void>, nextStep: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw new Error(`${nextStep}, ${otherwise}`, { cause: error });
  }
}
