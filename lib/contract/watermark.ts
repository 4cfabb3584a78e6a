import type { Row } from './entry.ts';
import { metaKey, type Key, type Page } from './keys.ts';

/** `missed`: what the relay left behind. `closing`: once more when the stream can bring nothing any more. */
export type SweepPass = 'missed' | 'closing';

/** The attribute of a watermark's row with the first page that its pass has not yet done. */
export const watermarkPage = 'page';

/** How far a pass over the pages has come. Each pass has a row of its own. */
export function watermarkKey(pass: SweepPass): Key {
  return metaKey(`watermark#${pass}`);
}

/** The page that a watermark's row says; `undefined` where there is no such row. */
export function watermarkOf(row: Row | undefined): Page | undefined {
  return row?.[watermarkPage] as Page | undefined;
}
