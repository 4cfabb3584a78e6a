import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const block = /```ts file=(\S+)\n([\s\S]*?)```/g;

/** A file of a user's app, as the documentation shows it. */
export interface DocumentedFile {
  /** Where it belongs in the app: `lib/events.ts`. */
  readonly name: string;
  readonly text: string;
}

/** The code of the documentation, file by file: that of the README unless other pages are named. */
export function documentedFiles(pages: readonly string[] = ['README.md']): DocumentedFile[] {
  return pages
    .flatMap((page) => [...readFileSync(page, 'utf8').matchAll(block)])
    .map(([, name = '', text = '']) => ({ name, text }));
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
