import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whatever tests leave in the system's folder for temporary files goes with the run, also where it is interrupted. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-outbox-test-'));
  process.env['TMPDIR'] = folder;
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', remove);
  return remove;
}
