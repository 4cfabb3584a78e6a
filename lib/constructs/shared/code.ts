import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { Code } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';

import { fail } from './check.ts';

/**
 * Context that names the folder of the function bundles, where it is not the package's own:
 * for tests, and for package managers that keep packages zipped.
 */
export const functionsContext = 'cdk-outbox:functions';

/** The bundle of one of the package's functions: built when the package was, so that users need no bundler. */
export function functionCode(scope: IConstruct, name: string): Code {
  const given = scope.node.tryGetContext(functionsContext) as string | undefined;
  const directory = join(given ?? packagedFunctions(), name);
  if (!existsSync(join(directory, 'index.mjs'))) {
    fail(scope, `the bundle of the ${name} function is missing in ${directory}: run npm run build`);
  }
  return Code.fromAsset(directory);
}

/** The same folder whether this file runs from the sources or is part of a bundle. */
function packagedFunctions(): string {
  const manifest = createRequire(import.meta.url).resolve('cdk-outbox/package.json');
  return join(dirname(manifest), 'dist', 'functions');
}
