import { build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

import type { DestinationKind } from '../../../lib/core/environment.ts';
import { openDestinations } from '../../../lib/delivery/destinations/open.ts';

describe('opening destinations', () => {
  it('opens each by its kind, in their order', async () => {
    const kinds: DestinationKind[] = ['topic', 'bus', 'queue'];
    const configs = kinds.map((kind) => ({
      name: `my-${kind}`,
      kind,
      target: 't',
      ordered: false,
    }));

    const destinations = await openDestinations(configs);

    expect(destinations.map(({ name, kind }) => [name, kind])).toEqual([
      ['my-topic', 'topic'],
      ['my-bus', 'bus'],
      ['my-queue', 'queue'],
    ]);
  });
});

describe('a bundle of the destinations', () => {
  let outputs: Metafile['outputs'] = {};

  beforeAll(async () => {
    const { metafile } = await build({
      entryPoints: ['lib/delivery/destinations/open.ts'],
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      outdir: 'out',
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    outputs = metafile.outputs;
  });

  /** The AWS clients that are loaded together with a module: what it imports, and so on. */
  function clientsLoadedWith(module: string): string[] {
    const [first] =
      Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === module) ?? [];
    const loaded = new Set([first ?? `no output for ${module}`]);
    for (const file of loaded) {
      const { imports = [] } = outputs[file] ?? {};
      for (const { path, kind } of imports) if (kind === 'import-statement') loaded.add(path);
    }
    const inputs = [...loaded].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
    const clients = inputs.flatMap((input) => /@aws-sdk\/(client-\w+)\//.exec(input)?.[1] ?? []);
    return [...new Set(clients)];
  }

  it('loads no client before a destination is opened', () => {
    expect(clientsLoadedWith('lib/delivery/destinations/open.ts')).toEqual([]);
  });

  it.each([
    ['event-bus', 'client-eventbridge'],
    ['queue', 'client-sqs'],
    ['topic', 'client-sns'],
  ])('loads with %s its own client only', (module, client) => {
    expect(clientsLoadedWith(`lib/delivery/destinations/${module}.ts`)).toEqual([client]);
  });
});
