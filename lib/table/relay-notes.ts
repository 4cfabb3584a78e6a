import type { Row } from './entry.ts';
import { metaKey, padSequence, type Key } from './keys.ts';

// What relay and sweeper tell each other: how far relays are behind, and that destinations take events.

/** How far a relay was behind (epoch milliseconds). */
export interface Lag {
  /** When the oldest record that it got was written. */
  readonly oldestAt: number;
  readonly notedAt: number;
  /** Whether no destination took anything of its batch, which it keeps until one does. */
  readonly isBlocked?: true;
}

const lagPrefix = 'lag#';
const lagKeptMs = 24 * 60 * 60 * 1000;

/** Where notes since a moment (epoch milliseconds) are: under `pk`, from one sort key to another. */
export function lagKeysSince(since: number): { pk: string; from: string; to: string } {
  const { pk, sk } = metaKey(`${lagPrefix}${padSequence(since)}`);
  return { pk, from: sk, to: `${lagPrefix}~` };
}

/**
 * The outbox table's row of a note. Each note has a row of its own, by its time: a relay that is
 * nearly up to date must not write over one that is hours behind. They expire after a day.
 */
export function lagToRow(lag: Lag): Row {
  return {
    ...lagKey(lag),
    ...lag,
    expiresAt: Math.ceil((lag.notedAt + lagKeptMs) / 1000),
  };
}

export function rowToLag(row: Row): Lag {
  return {
    oldestAt: row['oldestAt'] as number,
    notedAt: row['notedAt'] as number,
    ...(row['isBlocked'] === true ? { isBlocked: true } : {}),
  };
}

/** How far relays are behind. */
export interface DeepestLag extends Lag {
  /** When one of them last said that it is blocked. @default - none did */
  readonly blockedAt?: number;
}

/** The lag that is furthest behind. */
export function deepestLag(lags: readonly Lag[]): DeepestLag | undefined {
  const [deepest] = lags.toSorted((a, b) => a.oldestAt - b.oldestAt);
  const blocked = lags.filter(({ isBlocked }) => isBlocked === true);
  if (deepest === undefined || blocked.length === 0) return deepest;
  return { ...deepest, blockedAt: Math.max(...blocked.map(({ notedAt }) => notedAt)) };
}

function lagKey({ notedAt, oldestAt }: Lag): Key {
  return metaKey(`${lagPrefix}${padSequence(notedAt)}#${oldestAt}`);
}

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
