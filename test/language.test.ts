import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What is checked. Tests and CHANGELOG.md are not: they may quote a banned word. */
const sources = ['lib', 'functions', 'bin', 'examples', 'docs', 'README.md'];

/** Words that readers of AWS documentation do not know, and what to write instead. A space also matches a line break. */
const banned: readonly (readonly [pattern: string, instead: string])[] = [
  ['\\bmend(?:s|ed|ing)?\\b', 'repair, fix, next step'],
  ['\\bmend[A-Z]\\w*|\\bMend[A-Z]\\w*|[a-z]Mend(?:s|ed|ing)?(?![a-z])', 'repair…, nextStep'],
  ['\\bbeside\\b', 'next to, in addition to, other than'],
  ['\\bwhoever\\b', 'the caller, the consumer, a worker'],
  ['\\bwhatever\\b', 'any, all, regardless of'],
  ['\\bnobody\\b', 'no worker, no destination, not'],
  ['\\bin hand\\b', 'in progress'],
  ['\\bg(?:ive|ives|iven|iving|ave) up\\b', 'discarded, timed out, stops retrying'],
  ['\\bcom(?:e|es|ing) again\\b|\\bcame again\\b', 'is redelivered, is retried'],
  ['\\bbec[ao]mes? of\\b', 'the outcome of, the result of'],
  ['\\bneeds you\\b', 'action required'],
];

const patterns = banned.map(([pattern, instead]) => ({
  // In a comment or a quoted paragraph, the next line begins with a mark of its own.
  pattern: new RegExp(
    pattern.replaceAll(' ', '[\\s*/>#]+'),
    pattern.includes('[A-Z]') ? 'g' : 'gi',
  ),
  instead,
}));

/** Each banned word of a file: `file:line`, the word, and what to write instead. */
function findBanned(file: string, text: string): string[] {
  return patterns.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map(({ 0: word, index }) => {
      const line = text.slice(0, index).split('\n').length;
      return `${file}:${line}: "${word}", write instead: ${instead}`;
    }),
  );
}

describe('plain language', () => {
  it.each(sources)('%s uses no banned word', (source) => {
    const files = globSync(source.includes('.') ? source : `${source}/**/*.{ts,md,py}`, {
      cwd: root,
      exclude: (path) => /node_modules|cdk\.out/.test(path),
    });

    expect(files).not.toEqual([]);
    expect(
      files.flatMap((file) => findBanned(file, readFileSync(join(root, file), 'utf8'))),
    ).toEqual([]);
  });

  it.each([
    '// Mended',
    'orMend()',
    'mendAlone()',
    'type A = MendPorts',
    'beside it',
    'Whoever asks',
    'whatever it is',
    'Nobody waits',
    'what is in\n * hand',
    'it gave up',
    'given\n// up',
    'it comes again',
    'what became of it',
    'needs you',
  ])('the check finds what is banned in %j', (text) => {
    expect(findBanned('a.ts', text)).toHaveLength(1);
  });

  it('the check names file, line and replacement, and accepts longer words', () => {
    expect(findBanned('a.ts', 'recommended, OrderAmended, besides\nin hand')).toEqual([
      'a.ts:2: "in hand", write instead: in progress',
    ]);
  });
});
