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
      const dueAt = Date.now() + 4_000;
      const due = ParcelSent('soon', { note: '' }, { deliverAt: new Date(dueAt) });
      const later = ParcelSent('later', { note: '' }, { deliverAt: new Date(dueAt + 600_000) });
      await twoWays.write(due, later);
      await expectAllDeliveredBut([due.id, later.id], twoWays);

      const list = await twoWays.outbox('ls', 'deferred');
      const arrivedAt = await poll(
        async () => {
          await twoWays.outbox('sweep');
          const isThere = (await audience!.received()).some(({ id }) => id === due.id);
          return isThere ? Date.now() : undefined;
        },
        { until: 'the event that is due arrives', timeoutMs: 60_000 },
      );

      expect(list.stdout).toContain(due.id);
      expect(arrivedAt).toBeGreaterThanOrEqual(dueAt);
      await expectAllDeliveredBut([later.id], twoWays);
      await twoWays.cancel(later.id);
      await expectAllDeliveredBut([], twoWays);
    });
  });
}
