import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  isAggregateType,
  isEventType,
  isTypePattern,
  matchesType,
} from '../../lib/core/event-types.ts';
import { someEventType } from '../support/arbitraries.ts';

describe('an event type', () => {
  it.each(['order.placed', 'OrderPlaced', 'com.acme/order:placed_v2', '7', 'x'.repeat(128)])(
    'may be %s',
    (type) => {
      expect(isEventType(type)).toBe(true);
    },
  );

  it.each(['', ' order', 'order placed', '.order', 'order*', 'bestellung.ü', 'x'.repeat(129)])(
    'may not be %j',
    (type) => {
      expect(isEventType(type)).toBe(false);
    },
  );
});

describe('a type of aggregate', () => {
  it('holds no slash, which parts it from the id', () => {
    expect(['order', 'Order_2', 'sales.order'].every(isAggregateType)).toBe(true);
    expect(['', 'a/b', '7', 'order 1', 'order*'].filter(isAggregateType)).toEqual([]);
  });
});

describe('a filter of types', () => {
  it('takes every type where there is none', () => {
    fc.assert(
      fc.property(someEventType, (type) => {
        expect(matchesType(undefined, type)).toBe(true);
        expect(matchesType(['*'], type)).toBe(true);
      }),
    );
  });

  it('takes nothing where it is empty', () => {
    expect(matchesType([], 'order.placed')).toBe(false);
  });

  it('takes a type by its exact name', () => {
    fc.assert(
      fc.property(someEventType, someEventType, (type, other) => {
        expect(matchesType([other], type)).toBe(type === other);
        expect(matchesType([other, type], type)).toBe(true);
      }),
    );
  });

  it('takes a type by any beginning of its name with a star, and no other', () => {
    fc.assert(
      fc.property(someEventType, someEventType, fc.nat(128), (type, other, length) => {
        const beginning = type.slice(0, length);

        expect(matchesType([`${beginning}*`], type)).toBe(true);
        expect(matchesType([`${beginning}*`], other)).toBe(other.startsWith(beginning));
      }),
    );
  });
});

describe('a pattern of a filter', () => {
  it('is a type, the beginning of one with a star, or a star', () => {
    expect(['order.placed', 'order.*', 'o*', '*'].every(isTypePattern)).toBe(true);
  });

  it('has no star but at the end', () => {
    expect(['', '*.placed', 'order.*.v2', '**', 'order placed*'].filter(isTypePattern)).toEqual([]);
  });
});
