import { describe, expect, it } from 'vitest';

import { mayTake } from '../../../lib/cli/doctor/bus.ts';

const takes = (pattern: object, typeFilter = '*'): boolean =>
  mayTake(JSON.stringify(pattern), { source: 'orders', typeFilter });

describe('whether a rule may take events', () => {
  it.each<[object, boolean]>([
    [{}, true],
    [{ source: ['orders'] }, true],
    [{ source: ['others'] }, false],
    [{ source: ['others', 'orders'] }, true],
    [{ source: [{ prefix: 'ord' }] }, true],
    [{ source: [{ prefix: 'inv' }] }, false],
    [{ source: [{ suffix: 'ers' }] }, true],
    [{ source: [{ suffix: 'ing' }] }, false],
    [{ source: [{ 'equals-ignore-case': 'ORDERS' }] }, true],
    [{ source: [{ 'equals-ignore-case': 'ORDER' }] }, false],
    [{ source: [{ 'anything-but': 'orders' }] }, false],
    [{ source: [{ 'anything-but': 'invoices' }] }, true],
    [{ source: [{ 'anything-but': ['orders'] }] }, true],
    [{ source: [{ wildcard: 'ord*' }] }, true],
    [{ source: ['orders'], account: ['1'], detail: { total: [{ numeric: ['>', 5] }] } }, true],
  ])('%j: %s', (pattern, expected) => {
    expect(takes(pattern)).toBe(expected);
  });

  it.each<[object[] | string[], string, boolean]>([
    [['order.placed'], 'order.placed', true],
    [['order.placed'], 'order.shipped', false],
    [['order.placed'], 'order.*', true],
    [['order.placed'], 'invoice.*', false],
    [['order.placed'], '*', true],
    [[{ prefix: 'order.' }], 'order.placed', true],
    [[{ prefix: 'order.placed' }], 'order.*', true],
    [[{ prefix: 'order' }], 'order.placed.*', true],
    [[{ prefix: 'invoice.' }], 'order.*', false],
    [[{ suffix: '.placed' }], 'order.*', true],
  ])('detail-type %j of %s: %s', (types, typeFilter, expected) => {
    expect(takes({ 'detail-type': types }, typeFilter)).toBe(expected);
  });

  it('is not, where its pattern cannot be read', () => {
    expect(mayTake('', { source: 'orders', typeFilter: '*' })).toBe(false);
  });
});
