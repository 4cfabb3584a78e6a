import type { Row } from './entry.ts';
import { metaKey, type Key } from './keys.ts';

/** The row in which the sweeper notes when a destination last took an event although the relay was blocked. */
export function acceptanceKey(): Key {
  return metaKey('acceptance');
}

export function acceptanceToRow(at: number): Row {
  return { ...acceptanceKey(), at };
}

/** Epoch milliseconds; `undefined` where it was never noted. */
export function rowToAcceptance(row: Row | undefined): number | undefined {
  return typeof row?.['at'] === 'number' ? row['at'] : undefined;
}
