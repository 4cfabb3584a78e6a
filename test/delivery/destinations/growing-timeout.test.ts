import { beforeEach, describe, expect, it } from 'vitest';

import { growingTimeout, type WithTimeout } from '../../../lib/delivery/destinations/client.ts';
import { createVirtualClock, type VirtualClock } from '../../../lib/testing/virtual-clock.ts';
import { sdkError } from '../../support/fake-destination.ts';

describe('the time-out of calls to a destination', () => {
  let clock: VirtualClock;
  let withTimeout: WithTimeout;
  beforeEach(() => {
    clock = createVirtualClock(0);
    withTimeout = growingTimeout({ clock });
  });
  /** Makes a call that takes so long, and returns the time-out that it was given. */
  const call = async (takesMs: number, maxMs = 60_000): Promise<number> => {
    let given = 0;
    await withTimeout(maxMs, async ({ requestTimeout }) => {
      given = requestTimeout;
      const endsAt = clock.now() + Math.min(takesMs, requestTimeout);
      await Promise.resolve();
      clock.advance(Math.max(0, endsAt - clock.now()));
      if (takesMs > requestTimeout) throw sdkError('TimeoutError');
    }).catch(() => undefined);
    return given;
  };

  it('doubles with each call that runs into it, up to twelve seconds', async () => {
    const given = [await call(30_000), await call(30_000), await call(30_000), await call(30_000)];

    expect(given).toEqual([3_000, 6_000, 12_000, 12_000]);
  });

  it('lets a destination that answers after four seconds through at the second call', async () => {
    await call(4_000);

    expect(await call(4_000)).toBe(6_000);
    expect(await call(4_000)).toBe(6_000);
  });

  it('grows once for calls that are in progress at the same time', async () => {
    await Promise.all([call(30_000), call(30_000), call(30_000)]);

    expect(await call(0)).toBe(6_000);
  });

  it('is back at three seconds after ten minutes without a time-out', async () => {
    await call(30_000);
    clock.advance(10 * 60_000);
    expect(await call(4_000)).toBe(6_000);
    clock.advance(1);

    expect(await call(4_000)).toBe(3_000);
  });

  it('is back at three seconds once a call is answered within them', async () => {
    await call(30_000);
    await call(30_000);
    await call(2_000);

    expect(await call(0)).toBe(3_000);
  });

  it('does not grow by calls that get no answer while others are answered within three seconds', async () => {
    await Promise.all([call(2_000), call(30_000)]);

    expect(await call(0)).toBe(3_000);
  });

  it('exceeds six seconds only where no call was answered within three for two minutes', async () => {
    await call(0);
    const given = [await call(30_000), await call(30_000), await call(30_000)];
    clock.advance(2 * 60_000 + 1);

    expect(given).toEqual([3_000, 6_000, 6_000]);
    expect(await call(30_000)).toBe(12_000);
  });

  it('does not grow where a call fails for another reason', async () => {
    await withTimeout(60_000, () => Promise.reject(sdkError('InternalException', 500))).catch(
      () => undefined,
    );

    expect(await call(0)).toBe(3_000);
  });

  it('never exceeds the time that the caller has left', async () => {
    expect(await call(0, 1_500)).toBe(1_500);
  });
});
