import { toArchiveLine, type ArchivedEntry } from '../table/archive-line.ts';
import type { Page } from '../table/keys.ts';
import { utf8Bytes } from '../core/text.ts';

/** Entries of one page. */
export interface PagePiece {
  readonly page: Page;
  readonly entries: readonly ArchivedEntry[];
}

/** What becomes one object. */
export interface PartDraft {
  readonly first: Page;
  readonly last: Page;
  readonly lines: readonly string[];
}

/**
 * Cuts an hour into parts, as it is read: each is full with the line that brings it to so many bytes, which
 * bounds the memory of who writes and who reads. None is empty.
 */
export async function* cutIntoParts(
  pieces: AsyncIterable<PagePiece>,
  fullPartBytes: number,
): AsyncGenerator<PartDraft> {
  let lines: string[] = [];
  let bytes = 0;
  let first: Page | undefined;
  let last: Page = '';
  for await (const { page, entries } of pieces) {
    for (const entry of entries) {
      const line = toArchiveLine(entry);
      lines.push(line);
      bytes += utf8Bytes(line);
      first ??= page;
      last = page;
      if (bytes < fullPartBytes) continue;
      yield { first, last, lines };
      [lines, bytes, first] = [[], 0, undefined];
    }
  }
  if (first !== undefined) yield { first, last, lines };
}
