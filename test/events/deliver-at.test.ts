import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

import { timeOfId } from '../../lib/table/keys.ts';
import { ownLimits } from '../../lib/core/limits.ts';
import { defineEvent } from '../../lib/events/define-event.ts';

const Reminded = defineEvent('order.reminded', { aggregateType: 'order', schema: z.object({}) });
const now = Date.UTC(2026, 10, 21, 4, 37);
const year = 365 * 24 * 60 * 60 * 1000;

describe('an event with deliverAt', () => {
  it('has an id of the moment when it is due', () => {
    const deliverAt = new Date(Date.now() + 60_000);

    const event = Reminded('42', {}, { deliverAt });

    expect(event.deliverAt).toBe(deliverAt.getTime());
    expect(timeOfId(event.id)).toBe(deliverAt.getTime());
  });

  it('has an id of this moment where it is due already', () => {
    vi.useFakeTimers({ now });

    const event = Reminded('42', {}, { deliverAt: new Date(now - 1) });

    vi.useRealTimers();
    expect(timeOfId(event.id)).toBe(now);
  });

  it('keeps the id that it is given', () => {
    const id = '0199a1b2-c3d4-7000-8000-000000000001';

    expect(Reminded('42', {}, { id, deliverAt: new Date() }).id).toBe(id);
  });

  it('does not move with the date that it was given', () => {
    const deliverAt = new Date(now);

    const event = Reminded('42', {}, { deliverAt });
    deliverAt.setFullYear(2030);

    expect(event.deliverAt).toBe(now);
  });

  it.each<[string, Date]>([
    ['is none', new Date(NaN)],
    ['is a number', now as unknown as Date],
    ['is a text', '2026-11-21T04:37:00Z' as unknown as Date],
    ['is more than ten years ahead', new Date(Date.now() + ownLimits.maxDeferralMs + year)],
  ])('is refused where the date %s', (_, deliverAt) => {
    expect(() => Reminded('42', {}, { deliverAt })).toThrow(
      expect.objectContaining({
        code: 'EVENT_INVALID',
        message: expect.stringContaining(
          'deliverAt of order.reminded must be a valid Date',
        ) as string,
      }),
    );
  });

  it('may be due in nearly ten years', () => {
    const deliverAt = new Date(Date.now() + 10 * year);

    expect(timeOfId(Reminded('42', {}, { deliverAt }).id)).toBe(deliverAt.getTime());
  });

  it.each([1, 'next'] as const)('is refused with a sequence (%s)', (sequence) => {
    expect(() => Reminded('42', {}, { deliverAt: new Date(), sequence })).toThrow(
      expect.objectContaining({
        code: 'SEQUENCE_INVALID',
        message: expect.stringContaining('a deferred event takes part in no order') as string,
      }),
    );
  });
});
