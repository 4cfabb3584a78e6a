import { execFile } from 'node:child_process';
import { join } from 'node:path';

import { projectFolder } from './local-folder.ts';
import type { TargetAws } from './local-aws.ts';

/** What running the operator's command came to. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const command = join(projectFolder, 'dist', 'cli', 'outbox.mjs');
const timeout = 120_000;

/** Runs the operator's command as it was built, `npx outbox` for whoever has the package, against an AWS. */
export function runOutbox(
  commandArguments: readonly string[],
  { env }: Pick<TargetAws, 'env'>,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [command, ...commandArguments],
      { env, timeout },
      (error, stdout, stderr) => {
        if (child.exitCode === null) {
          reject(new Error(`outbox ${commandArguments.join(' ')} was killed`, { cause: error }));
        } else {
          resolve({ exitCode: child.exitCode, stdout, stderr });
        }
      },
    );
  });
}
