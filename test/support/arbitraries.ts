import fc from 'fast-check';

import type { Entry } from '../../lib/table/entry.ts';
import { newId } from '../../lib/core/system.ts';
import { someTime } from './entries.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Text of any script, never empty. */
export const someText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

/** A moment of this century, epoch milliseconds. */
export const someMoment = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) });

/** An event id of the days around {@link someTime}. */
export const someId = fc.integer({ min: someTime - dayMs, max: someTime + dayMs }).map(newId);

export const someAggregate = someText.map((id) => `order/${id}`);

export const someEventType = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/);

/** A valid entry. */
export const someEntry: fc.Arbitrary<Entry> = fc.record(
  {
    id: someId,
    type: someEventType,
    version: fc.integer({ min: 1, max: 1000 }),
    aggregate: someAggregate,
    data: fc.json(),
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    correlationId: someText,
    causationId: someText,
    traceparent: someText,
    tenant: someText,
  },
  { requiredKeys: ['id', 'type', 'version', 'aggregate', 'data'], noNullPrototype: true },
);

/** A row as nobody should have written it: any names, any values. */
export const someNonsense = fc.dictionary(
  fc.oneof(
    fc.string(),
    fc.constantFrom('pk', 'sk', 'id', 'type', 'version', 'aggregate', 'data', 'ids', 'outcome'),
  ),
  fc.oneof(fc.anything({ withBigInt: true, withDate: false }), fc.constant('r#1'), someId),
  { noNullPrototype: true },
);
