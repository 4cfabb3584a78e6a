import { describe, expect, it } from 'vitest';

import { poll } from '../../../bin/demo/poll.ts';
import { expectAllDeliveredBut } from '../operated/books.ts';
import type { Operated } from '../operated/deploy.ts';
import { ParcelSent } from '../operated/events.ts';

/** Events that are due later. */
export function describeDeferral(deployed: () => Operated): void {
  describe('a deferred event', () => {
    it('waits where it is seen, and is delivered by the sweeper when it is due, not before', async () => {
      const { twoWays } = deployed();
      const [audience] = twoWays.consumers;
      const { due, dueAt, list } = await listBeforeDue(twoWays);
      const later = ParcelSent('later', { note: '' }, { deliverAt: new Date(dueAt + hourMs) });
      await twoWays.write(later);

      const arrivedAt = await poll(
        async () => {
          await twoWays.outbox('sweep');
          const isThere = (await audience!.received()).some(({ id }) => id === due.id);
          return isThere ? Date.now() : undefined;
        },
        { until: 'the event that is due arrives' },
      );

      expect(list.stdout).toContain(due.id);
      expect(arrivedAt).toBeGreaterThanOrEqual(dueAt);
      await expectAllDeliveredBut([later.id], twoWays);
      await twoWays.cancel(later.id);
      await expectAllDeliveredBut([], twoWays);
    });
  });
}

const hourMs = 3_600_000;

/** A deferred event, and the list of what was deferred before it was due: a slow machine gets more time for that. */
async function listBeforeDue(outbox: Operated['twoWays']) {
  for (let aheadMs = 4_000; ; aheadMs *= 4) {
    const dueAt = Date.now() + aheadMs;
    const due = ParcelSent('soon', { note: '' }, { deliverAt: new Date(dueAt) });
    await outbox.write(due);
    const list = await outbox.outbox('ls', 'deferred');
    if (Date.now() < dueAt) return { due, dueAt, list };
  }
}
