import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { lock } from 'proper-lockfile';

/** The folder of the clone. */
export const projectFolder = join(import.meta.dirname, '..', '..');

/** The search path with this clone's own version of `node` first. */
export function pathWithNode(env: NodeJS.ProcessEnv): string {
  return [join(projectFolder, 'node_modules', '.bin'), env['PATH'] ?? ''].join(delimiter);
}

/** A path in the clone's git-ignored folder for what is made once and kept. */
export function localFolder(name: string): string {
  const folder = join(projectFolder, '.local');
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

/**
 * Does what only one process in this clone may do at a time; others wait up to half an hour.
 *
 * The lock of a process that was killed is taken over after a minute: a process that lives and is only slow renews it
 * in time.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const release = await lock(localFolder(name), {
    realpath: false,
    stale: 60_000,
    update: 5_000,
    retries: { retries: 3_600, factor: 1, minTimeout: 500 },
  });
  try {
    return await work();
  } finally {
    await release();
  }
}
