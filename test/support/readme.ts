import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const block = /```ts file=(\S+)\n([\s\S]*?)```/g;

/** The README's code, file by file. */
export function readmeFiles(): { name: string; text: string }[] {
  const readme = readFileSync('README.md', 'utf8');
  return [...readme.matchAll(block)].map(([, name = '', text = '']) => ({ name, text }));
}

/** Writes the README's code to a folder inside the package, so that it finds the package by its name. */
export function writeReadmeFiles(): string {
  mkdirSync('.local', { recursive: true });
  const folder = mkdtempSync(join('.local', 'readme-'));
  for (const { name, text } of readmeFiles()) writeFileSync(join(folder, name), text);
  return folder;
}
