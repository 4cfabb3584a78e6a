import { join } from 'node:path';

import { captureChild, type CommandResult } from './child.ts';
import { projectFolder } from './local-folder.ts';
import type { TargetAws } from './local-aws.ts';

const command = join(projectFolder, 'dist', 'cli', 'outbox.mjs');

/** Runs the operator's command as it was built, `npx outbox` for users of the package, against an AWS. */
export function runOutbox(
  commandArguments: readonly string[],
  { env }: Pick<TargetAws, 'env'>,
): Promise<CommandResult> {
  return captureChild({ name: process.execPath, arguments: [command, ...commandArguments], env });
}
