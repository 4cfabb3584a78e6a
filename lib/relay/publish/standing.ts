import type { DeliveryError } from '../../contract/waiting.ts';
import type { Fault } from './classify.ts';
import type { Outcome, Outcomes } from '../destination.ts';

/**
 * Where an entry stands after a try.
 *
 * - `accepted`: the destination has it.
 * - `refused`: it was sent and did not go.
 * - `unsendable`: too large to be sent.
 * - `held`: not sent, since an earlier entry of its aggregate did not go.
 */
export type Standing =
  | { readonly status: 'accepted' }
  | { readonly status: 'refused'; readonly fault: Fault; readonly error: DeliveryError }
  | { readonly status: 'unsendable' | 'held'; readonly error: DeliveryError };

/** By event id. */
export type Standings = ReadonlyMap<string, Standing>;

/** What the standings come to once nothing is tried again: the place where an outage is told from a bad entry. */
export function toOutcomes(standings: Standings): Outcomes {
  const refusesAll = refusesEveryone([...standings.values()]);
  return new Map([...standings].map(([id, standing]) => [id, outcomeOf(standing, refusesAll)]));
}

/** Fewer entries that are all refused alike may be a few bad ones, which must not pass for an outage time and again. */
export const outageEvidence = 10;

/**
 * Whether a destination refuses everyone: of ten or more entries that were sent none was accepted,
 * none was at fault itself, and all have the same code, those aside that did not even reach it.
 *
 * Then nothing is known against any of the entries, and an outage must not park or delay them one by
 * one. What an entry is refused for itself, a missing permission for its type included, is no outage.
 */
export function refusesEveryone(standings: readonly Standing[]): boolean {
  if (standings.some(({ status }) => status === 'accepted')) return false;
  const refused = standings.filter((standing) => standing.status === 'refused');
  const answered = refused.filter(({ fault }) => fault !== 'destination');
  const codes = new Set(answered.map(({ error }) => error.code));
  const isAgainstNone = answered.every(({ fault }) => fault !== 'entry');
  return refused.length >= outageEvidence && codes.size <= 1 && isAgainstNone;
}

function outcomeOf(standing: Standing, refusesAll: boolean): Outcome {
  switch (standing.status) {
    case 'accepted':
      return { status: 'published' };
    case 'held':
      return { status: 'held', error: standing.error };
    case 'unsendable':
      return { status: 'rejected', error: standing.error };
    case 'refused':
      return {
        status: refusesAll ? 'unavailable' : statusByFault[standing.fault],
        error: standing.error,
      };
  }
}

const statusByFault = {
  entry: 'rejected',
  sender: 'rejected',
  passing: 'failed',
  destination: 'unavailable',
} as const;
