/** The walk-through: a local AWS, the example deployed to it, orders placed, and every event counted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { endWithStarter } from './demo/child.ts';
import { parseOptions, usage } from './demo/options.ts';
import { walk } from './demo/walk.ts';

endWithStarter();

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(describe(error));
  process.exitCode = 1;
}

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'cdk-outbox-demo-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const isAllRight = await walk({ options, env: process.env, folder });
  return isAllRight ? 0 : 1;
}

/** The messages of an error and its causes: a stack trace does not help the user of the demo. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  const { message, cause } = error;
  return cause === undefined ? message : `${message}\n${describe(cause)}`;
}
