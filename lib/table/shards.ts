import type { Row } from './entry.ts';
import { metaKey, type Key } from './keys.ts';

/** The attribute with the largest number of shards that was ever in use. */
export const largestShards = 'shards';

/** Where the number of shards is noted: it may be lowered, and pages written before must still be read whole. */
export function shardsKey(): Key {
  return metaKey('shards');
}

/** The number noted; 0 where none was. */
export function shardsOf(row: Row | undefined): number {
  return (row?.[largestShards] as number | undefined) ?? 0;
}
