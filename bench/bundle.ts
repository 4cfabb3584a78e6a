import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import type { Figure } from './figure.ts';

const asset = 'dist/functions/relay';
const imported = /(?:from|import)\s*\(?\s*["'](\.\/[^"']+)["']/g;

/** What a relay to a bus loads: its entry, and every file that it or the bus's destination imports. */
export function measureBundle(): Figure[] {
  const entry = readFileSync(join(asset, 'index.mjs'), 'utf8');
  const otherKinds = /\/(queue|topic)-/;
  const files = reach('index.mjs', (file) => !otherKinds.test(file));
  const bytes = [...files].reduce((sum, file) => sum + gzipSync(read(file)).length, 0);
  return [
    { what: 'relay entry, gzipped', measured: kilobytes(gzipSync(entry).length), unit: 'KB' },
    {
      what: 'relay bundle for a bus, gzipped',
      measured: kilobytes(bytes),
      unit: 'KB',
      target: { atMost: 200 },
    },
  ];
}

function reach(
  file: string,
  wanted: (file: string) => boolean,
  seen = new Set<string>(),
): Set<string> {
  if (seen.has(file) || !wanted(`/${file}`)) return seen;
  seen.add(file);
  for (const [, target = ''] of read(file).matchAll(imported)) {
    reach(join(dirname(file), target), wanted, seen);
  }
  return seen;
}

function read(file: string): string {
  return readFileSync(join(asset, file), 'utf8');
}

function kilobytes(bytes: number): number {
  return Math.round(bytes / 102.4) / 10;
}
