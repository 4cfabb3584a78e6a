import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  fateOf,
  heldCheckMs,
  retryBackoff,
  unavailableForMs,
  type DestinationResult,
  type Candidate,
} from '../../lib/delivery/fate.ts';
import type { SendResult } from '../../lib/delivery/destination.ts';

const candidate: Candidate = {
  entry: {
    id: '0193e3a0-0000-7000-8000-000000000001',
    type: 'order.placed',
    version: 1,
    aggregate: 'order/1',
    sequence: 1,
    data: '{}',
  },
  attempts: 0,
};
const now = Date.UTC(2026, 10, 21);
const policy = { maxAttempts: 5, backoff: retryBackoff, random: () => 0.5, now };

function result(status: SendResult['status']): SendResult {
  return status === 'published'
    ? { status }
    : { status, error: { code: status.toUpperCase(), message: '' } };
}

function answers(...statuses: SendResult['status'][]): DestinationResult[] {
  return statuses.map((status, index) => ({
    destination: `d${index}`,
    ordered: index % 2 === 1,
    result: result(status),
  }));
}

describe('the fate of an entry', () => {
  it('is published when every destination has it', () => {
    expect(fateOf(candidate, answers('published', 'published'), policy).status).toBe('published');
  });

  it('names the destinations that lack it, and no other', () => {
    const fate = fateOf(candidate, answers('published', 'failed', 'rejected'), policy);

    expect(fate).toMatchObject({ status: 'waiting', missing: ['d1', 'd2'] });
  });

  it('is parked at once when all that lack it reject it', () => {
    const fate = fateOf(candidate, answers('published', 'rejected'), policy);

    expect(fate).toMatchObject({ state: 'parked', error: { code: 'REJECTED', destination: 'd1' } });
  });

  it('is tried again while any destination may still take it', () => {
    expect(fateOf(candidate, answers('rejected', 'failed'), policy)).toMatchObject({
      state: 'retrying',
    });
  });

  it('is held, not parked, where one rejects it and its turn at another has not come', () => {
    expect(fateOf(candidate, answers('rejected', 'held'), policy)).toMatchObject({ state: 'held' });
  });

  it('is parked after the last attempt', () => {
    const before = fateOf({ ...candidate, attempts: 3 }, answers('failed'), policy);
    const last = fateOf({ ...candidate, attempts: 4 }, answers('failed'), policy);

    expect(before).toMatchObject({ state: 'retrying', attempts: 4 });
    expect(last).toMatchObject({ state: 'parked', attempts: 5 });
  });

  it('waits for a destination that refuses everyone without costing an attempt, but not for ever', () => {
    const tried = { ...candidate, attempts: 4, firstTriedAt: now - 3_600_000 };
    const waiting = fateOf(tried, answers('unavailable'), policy);
    const given = fateOf(
      { ...tried, firstTriedAt: now - unavailableForMs },
      answers('unavailable'),
      policy,
    );

    expect(waiting).toMatchObject({ state: 'retrying', attempts: 4 });
    expect(given).toMatchObject({ state: 'parked' });
  });

  it('is held without costing an attempt, and looked at again by itself', () => {
    const fate = fateOf({ ...candidate, attempts: 2 }, answers('published', 'held'), policy);

    expect(fate).toMatchObject({
      state: 'held',
      attempts: 2,
      delayMs: heldCheckMs,
      blocksLane: true,
    });
  });

  it('holds its aggregate only where an ordered destination lacks it', () => {
    expect(fateOf(candidate, answers('failed', 'published'), policy)).toMatchObject({
      blocksLane: false,
    });
    expect(fateOf(candidate, answers('published', 'failed'), policy)).toMatchObject({
      blocksLane: true,
    });
  });

  it('is parked where no destination takes its type', () => {
    expect(fateOf(candidate, [], policy)).toMatchObject({
      state: 'parked',
      error: { code: 'NO_DESTINATION' },
    });
  });

  it('waits longer each time, and about an hour in all', () => {
    const delays = [0, 1, 2, 3].map((attempts) => {
      const fate = fateOf({ ...candidate, attempts }, answers('failed'), policy);
      return fate.status === 'waiting' ? fate.delayMs : 0;
    });

    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    const minutes = delays.reduce((sum, ms) => sum + ms, 0) / 60_000;
    expect(minutes).toBeGreaterThan(45);
    expect(minutes).toBeLessThan(90);
  });

  it('never forgets a destination that lacks the entry', () => {
    const status = fc.constantFrom<SendResult['status']>(
      'published',
      'failed',
      'rejected',
      'unavailable',
      'held',
    );
    fc.assert(
      fc.property(fc.array(status, { minLength: 1, maxLength: 5 }), (statuses) => {
        const fate = fateOf(candidate, answers(...statuses), policy);
        const missing = fate.status === 'waiting' ? fate.missing : [];
        expect(missing).toEqual(statuses.flatMap((s, i) => (s === 'published' ? [] : `d${i}`)));
      }),
    );
  });
});
