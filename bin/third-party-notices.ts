import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Metafile } from 'esbuild';

import { groupBy } from '../lib/core/collections.ts';

/** Part of the published package. */
export const noticesFile = 'dist/THIRD-PARTY-NOTICES.txt';

const packageFolder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/**
 * The folders of the packages whose code is in what was bundled.
 *
 * @param metafiles what esbuild says of the functions and the command
 * @param library the text of the library's modules, in which the bundler names the source of each region
 */
export function bundledPackages(
  metafiles: readonly Metafile[],
  library: readonly string[],
): string[] {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs: used }) => Object.keys(used)),
  );
  const regions = library.flatMap((text) =>
    [...text.matchAll(/^\/\/#region (\S+)$/gm)].map(([, path = '']) => path),
  );
  const folders = [...inputs, ...regions].flatMap((path) => packageFolder.exec(path)?.[0] ?? []);
  return [...new Set(folders)].toSorted();
}

/** The text of the notices: each licence once, with the packages that it is of. */
export function renderNotices(folders: readonly string[]): string {
  const byText = groupBy(folders.map(readPackage), ({ text }) => text);
  const sections = [...byText].map(
    ([text, packages]) => `${packages.map(({ title }) => title).join('\n')}\n\n${text}\n`,
  );
  return [head, ...sections].join(`\n${'-'.repeat(80)}\n\n`);
}

const head = `Third-party notices of cdk-outbox

The functions, the command and the library of this package contain code of the packages that are named below,
under their licences.
`;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
}

function readPackage(folder: string): { title: string; text: string } {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const { name, version, license = 'no licence' } = manifest;
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const hasLicense = files.some((file) => !/^notice/i.test(file));
  return {
    title: `${name} ${version} (${license})`,
    text: [...(hasLicense ? [] : [standardText(manifest)]), ...texts].join('\n\n'),
  };
}

/** For a package that names its licence, and does not contain it. */
function standardText({ name, license = 'no licence', author }: Manifest): string {
  const holder = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  if (license === 'Apache-2.0') return readFileSync('LICENSE', 'utf8').trim();
  if (license === 'MIT') return `${mitHead(holder)}\n\n${mitCondition}\n\n${mitWarranty}`;
  if (license === 'MIT-0') return `${mitHead(holder)}\n\n${mitWarranty}`;
  throw new Error(
    `${name} is bundled, and has neither a licence file nor a known licence (${license}): add its text here`,
  );
}

const mitHead = (holder: string): string => `Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so.`;

const mitCondition = `The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.`;

const mitWarranty = `THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
