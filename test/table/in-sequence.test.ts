import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inSequence, type Entry } from '../../lib/table/entry.ts';
import { anEntry } from '../support/entries.ts';

const entries = fc
  .array(fc.record({ aggregate: fc.integer({ max: 3, min: 0 }), sequence: fc.option(fc.nat(20)) }))
  .map((drawn) =>
    drawn.map(({ aggregate, sequence }) =>
      anEntry({
        aggregate: `order/${aggregate}`,
        ...(sequence === null ? {} : { sequence: sequence + 1 }),
      }),
    ),
  );

const sort = (all: readonly Entry[]): Entry[] => inSequence(all, (entry) => entry);

describe('entries in sequence', () => {
  it('are the same entries, each aggregate in its sequence', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const sorted = sort(all);

        expect(new Set(sorted)).toEqual(new Set(all));
        expect(sorted).toHaveLength(all.length);
        for (const line of linesOf(sorted)) {
          expect(line).toEqual(line.toSorted((a, b) => a - b));
        }
      }),
    );
  });

  it('have the places that their aggregate had among the others', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const placesIn = (list: readonly Entry[]) =>
          list.map(({ aggregate, sequence, id }) => (sequence === undefined ? id : aggregate));

        expect(placesIn(sort(all))).toEqual(placesIn(all));
      }),
    );
  });
});

function linesOf(all: readonly Entry[]): number[][] {
  const withSequence = all.filter(({ sequence }) => sequence !== undefined);
  const lines = Map.groupBy(withSequence, ({ aggregate }) => aggregate);
  return [...lines.values()].map((line) => line.map(({ sequence = 0 }) => sequence));
}
