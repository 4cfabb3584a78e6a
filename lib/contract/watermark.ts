import type { Row } from './entry.ts';
import { metaKey, type Key, type Page } from './keys.ts';

/** `missed`: what the relay left behind. `closing`: once more when the stream can bring nothing any more. */
export type SweepPass = 'missed' | 'closing';

/** Who walks over the pages: the sweeper's passes, and the archiver. */
export type PageWalker = SweepPass | 'archive';

/** The attribute of a watermark's row with the first page that its walker has not yet done. */
export const watermarkPage = 'page';

/** How far a walker has come. Each has a row of its own. */
export function watermarkKey(walker: PageWalker): Key {
  return metaKey(`watermark#${walker}`);
}

/** The page that a watermark's row says; `undefined` where there is no such row. */
export function watermarkOf(row: Row | undefined): Page | undefined {
  return row?.[watermarkPage] as Page | undefined;
}
