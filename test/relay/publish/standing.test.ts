import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Fault } from '../../../lib/relay/publish/classify.ts';
import {
  outageEvidence,
  refusesEveryone,
  toOutcomes,
  type Standing,
} from '../../../lib/relay/publish/standing.ts';

function refusedFor(fault: Fault, code: string): Standing {
  return { status: 'refused', fault, error: { code, message: '' } };
}

const accepted: Standing = { status: 'accepted' };
const unsendable: Standing = { status: 'unsendable', error: { code: 'LARGE', message: '' } };
const held: Standing = { status: 'held', error: { code: 'HELD', message: '' } };

const standing: fc.Arbitrary<Standing> = fc.oneof(
  fc.constantFrom(accepted, unsendable, held),
  fc
    .record({
      fault: fc.constantFrom<Fault>('entry', 'sender', 'passing', 'destination'),
      code: fc.constantFrom('A', 'B'),
    })
    .map(({ fault, code }) => refusedFor(fault, code)),
);

function standingsOf(standings: readonly Standing[]): Map<string, Standing> {
  return new Map(standings.map((one, index) => [String(index), one]));
}

describe('a destination', () => {
  const many = (refusal: Standing, count = outageEvidence): Standing[] =>
    Array.from({ length: count }, () => refusal);

  it('refuses everyone where ten or more met the same passing trouble and none was accepted', () => {
    const refusal = refusedFor('passing', 'A');

    expect(refusesEveryone(many(refusal))).toBe(true);
    expect(refusesEveryone([...many(refusal), accepted])).toBe(false);
    expect(refusesEveryone([...many(refusal), refusedFor('passing', 'B')])).toBe(false);
    expect(refusesEveryone([...many(refusal), refusedFor('entry', 'A')])).toBe(false);
  });

  it('does not refuse everyone on the word of a few: they may be bad ones that always come together', () => {
    expect(refusesEveryone(many(refusedFor('passing', 'A'), outageEvidence - 1))).toBe(false);
  });

  it('does not refuse everyone where each is refused for what it is', () => {
    expect(refusesEveryone(many(refusedFor('entry', 'A')))).toBe(false);
  });

  it('refuses everyone though some did not even reach it', () => {
    const unreached = refusedFor('destination', 'ECONNREFUSED');

    expect(refusesEveryone([...many(refusedFor('passing', 'A')), unreached])).toBe(true);
  });

  it('is judged by what was sent: what was too large or held says nothing', () => {
    const refusals = many(refusedFor('passing', 'A'));

    expect(refusesEveryone([...refusals, unsendable, held])).toBe(true);
    expect(refusesEveryone([...refusals.slice(1), unsendable, held])).toBe(false);
  });

  it('does not refuse everyone as soon as it takes one', () => {
    fc.assert(
      fc.property(fc.array(standing), (standings) => {
        expect(refusesEveryone([...standings, accepted])).toBe(false);
      }),
    );
  });
});

describe('outcomes', () => {
  const outcomesOf = (standings: readonly Standing[]): string[] =>
    [...toOutcomes(standingsOf(standings)).values()].map(({ status }) => status);

  it('follow each standing where the destination works', () => {
    expect(
      outcomesOf([
        accepted,
        refusedFor('entry', 'A'),
        refusedFor('sender', 'A'),
        refusedFor('passing', 'A'),
        refusedFor('destination', 'A'),
        unsendable,
        held,
      ]),
    ).toEqual(['published', 'rejected', 'rejected', 'failed', 'unavailable', 'rejected', 'held']);
  });

  it('make of an outage neither failures nor rejections', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Fault>('sender', 'passing', 'destination'),
        fc.integer({ min: outageEvidence, max: 30 }),
        (fault, count) => {
          const everyone = Array.from({ length: count }, () => refusedFor(fault, 'A'));

          expect(new Set(outcomesOf(everyone))).toEqual(new Set(['unavailable']));
        },
      ),
    );
  });

  it('are one for each standing, and published for none but the accepted', () => {
    fc.assert(
      fc.property(fc.array(standing), (standings) => {
        const outcomes = outcomesOf(standings);

        expect(outcomes.map((status) => status === 'published')).toEqual(
          standings.map(({ status }) => status === 'accepted'),
        );
      }),
    );
  });
});
