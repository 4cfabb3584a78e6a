import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';

import { minimumNodeMajor } from '../lib/core/node-version.ts';

const common = {
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // What is imported when it is used is loaded when it is used: a relay to a bus loads no client of queues.
  splitting: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  minify: true,
  // Few packages carry their licence in a comment: see third-party-notices.ts.
  legalComments: 'none',
  // CommonJS among the dependencies calls `require` for Node's own modules.
  banner: {
    js: "import{createRequire as createRequire_}from'node:module';const require=createRequire_(import.meta.url);",
  },
  metafile: true,
} as const satisfies BuildOptions;

/**
 * Bundles each function into an asset of its own, `<outDir>/<name>`, with everything it needs: users of the
 * constructs need no bundler.
 */
export async function bundleFunctions(outDir: string, plugins: Plugin[] = []): Promise<Metafile[]> {
  const metafiles: Metafile[] = [];
  for (const entry of globSync('functions/*/index.ts')) {
    const { metafile } = await build({
      ...common,
      entryPoints: { index: entry },
      outdir: join(outDir, basename(dirname(entry))),
      target: 'node24',
      plugins,
    });
    metafiles.push(metafile);
  }
  return metafiles;
}

/**
 * Bundles the operator's command with everything it needs: users of the runtime download no client of a service
 * that only the command calls.
 */
export async function bundleCommand(outDir: string): Promise<Metafile> {
  const { metafile } = await build({
    ...common,
    entryPoints: { outbox: 'bin/outbox.ts' },
    outdir: outDir,
    target: `node${minimumNodeMajor}`,
    // A dependency of the package: it loads catalogues in TypeScript.
    external: ['jiti'],
  });
  return metafile;
}
