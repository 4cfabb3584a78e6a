import { dirname, join, relative, resolve } from 'node:path';

import type { Plugin } from 'esbuild';

import { bundleFunctions } from '../../../../bin/bundle.ts';
import { projectFolder } from '../../../../bin/demo/local-folder.ts';

/** Modules that the functions open their ports with, and what stands in their place. */
const ports: Readonly<Record<string, string>> = {
  'lib/delivery/destinations/open.ts': 'open.ts',
  'lib/dynamodb/outbox-store.ts': 'store.ts',
  'lib/core/system.ts': 'system.ts',
};

const faultyPorts: Plugin = {
  name: 'faulty ports',
  setup: (build) => {
    build.onResolve({ filter: /\.ts$/ }, ({ path, importer, resolveDir }) => {
      const module = relative(projectFolder, resolve(resolveDir, path));
      const stand = ports[module];
      const isOfFunction = relative(projectFolder, dirname(importer)).startsWith('functions');
      return stand === undefined || !isOfFunction
        ? undefined
        : { path: join(import.meta.dirname, stand) };
    });
  },
};

/** Bundles the package's functions, with ports that fail where their environment says so. */
export async function bundleFaultyFunctions(outDir: string): Promise<void> {
  await bundleFunctions(outDir, [faultyPorts]);
}
