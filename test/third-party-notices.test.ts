import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { bundleCommand, bundleFunctions } from '../bin/bundle.ts';
import { bundledPackages, renderNotices } from '../bin/third-party-notices.ts';

let folder = '';
let metafiles: Metafile[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'notices-'));
  metafiles = [
    ...(await bundleFunctions(join(folder, 'functions'))),
    await bundleCommand(join(folder, 'cli')),
  ];
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const library = () => globSync('dist/*.mjs').map((path) => readFileSync(path, 'utf8'));

/** Sections of the notices by the packages that they name, as `name version (licence)`. */
function licensesIn(notices: string): Map<string, string> {
  const [, ...sections] = notices.split(`\n${'-'.repeat(80)}\n\n`);
  return new Map(
    sections.flatMap((section) => {
      const [titles = '', ...text] = section.split('\n\n');
      return titles.split('\n').map((title) => [title, text.join('\n\n')] as const);
    }),
  );
}

describe('the third-party notices', () => {
  it('hold the licence of each package that esbuild puts into a function or the command', () => {
    const modules = metafiles.flatMap(({ outputs }) =>
      Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)),
    );
    const names = modules.flatMap(
      (path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
    );

    const licenses = licensesIn(renderNotices(bundledPackages(metafiles, library())));

    const named = [...licenses.keys()].map((title) => title.split(' ')[0]);
    expect(names).toEqual(expect.arrayContaining(['@middy/core', '@smithy/core', 'commander']));
    expect([...new Set(names)].filter((name) => !named.includes(name))).toEqual([]);
  });

  it('hold the licence of what the library contains', () => {
    const licenses = licensesIn(renderNotices(bundledPackages([], library())));

    expect([...licenses.keys()]).toEqual([expect.stringMatching(/^uuid \S+ \(MIT\)$/)]);
  });

  it('have a text for each, with the permission that the licence gives', () => {
    const licenses = licensesIn(renderNotices(bundledPackages(metafiles, library())));

    const without = [...licenses].filter(
      ([, text]) => !/Permission is hereby granted|Apache License\s+Version 2\.0/.test(text),
    );
    expect(without.map(([title]) => title)).toEqual([]);
  });
});
