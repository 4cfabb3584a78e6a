import { globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const block = /```ts file=(\S+)\n([\s\S]*?)```/g;

/** A file of a user's app, as the documentation shows it. */
export interface DocumentedFile {
  /** Where it belongs in the app: `lib/events.ts`. */
  readonly name: string;
  readonly text: string;
}

/** The README and the pages that it leads to. */
export const documentationPages: readonly string[] = [
  'README.md',
  ...globSync('docs/*.md')
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted(),
];

/** The page about tests shows tests of an app, not the app: `test/docs` runs them. */
const appPages = documentationPages.filter((page) => page !== 'docs/testing.md');

/**
 * The code of the documentation, file by file: that of one app, which the README begins and other pages add to,
 * unless pages are named. A file that several pages show comes once.
 *
 * Throws if two pages show a file differently.
 */
export function documentedFiles(pages: readonly string[] = appPages): DocumentedFile[] {
  const shown = new Map<string, DocumentedFile>();
  for (const page of pages) {
    for (const [, name = '', text = ''] of readFileSync(page, 'utf8').matchAll(block)) {
      if ((shown.get(name)?.text ?? text) !== text) {
        throw new Error(`${page} shows ${name} unlike an earlier page: give it another file name`);
      }
      shown.set(name, { name, text });
    }
  }
  return [...shown.values()];
}

/** The packages that the README's quick start installs. */
export function readmeInstallLine(): string[] {
  const [, packages = ''] = /^npm install (.+)$/m.exec(readFileSync('README.md', 'utf8')) ?? [];
  return packages.split(' ');
}

/**
 * Writes the documentation's code to a folder inside the package, so that it finds the package by its name. Node.js
 * runs it there as it is, for which an import must name its file.
 */
export function writeDocumentedFiles(): string {
  mkdirSync('.local', { recursive: true });
  const folder = mkdtempSync(join('.local', 'readme-'));
  for (const { name, text } of documentedFiles()) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text.replaceAll(/(from '\.{1,2}\/[^'.]+)'/g, "$1.ts'"));
  }
  return folder;
}
