import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inParallel } from '../../lib/core/concurrency.ts';

const limit = 4;

describe('working in parallel', () => {
  it('answers in the order of what was given, whichever ends first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(), { maxLength: 50 }), async (s, all) => {
        const doubled = inParallel(all, limit, (one) => s.schedule(Promise.resolve(one * 2)));

        await s.waitFor(doubled);

        expect(await doubled).toEqual(all.map((one) => one * 2));
      }),
    );
  });

  it('does as many at once as it may, and no more', async () => {
    let running = 0;
    let most = 0;

    await inParallel(Array.from({ length: 3 * limit }), limit, async () => {
      running++;
      most = Math.max(most, running);
      await Promise.resolve();
      running--;
    });

    expect(most).toBe(limit);
  });

  it('begins nothing new once one failed, but awaits what runs, and then throws', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const gate = Promise.withResolvers<undefined>();

    const all = Array.from({ length: 2 * limit }, (_, index) => index);
    const working = inParallel(all, limit, async (one) => {
      begun.push(one);
      if (one === 0) throw new Error('the first failed');
      await gate.promise;
      ended.push(one);
    });
    gate.resolve(undefined);

    await expect(working).rejects.toThrow('the first failed');
    expect(begun).toHaveLength(limit);
    expect(ended).toHaveLength(limit - 1);
  });

  it('does nothing where there is nothing', async () => {
    expect(await inParallel([], limit, () => Promise.reject(new Error('called')))).toEqual([]);
  });
});
