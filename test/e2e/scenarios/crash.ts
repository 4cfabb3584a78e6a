import { describe, expect, it } from 'vitest';

import { latestOf } from '../../../bin/demo/poll.ts';
import { expectAllDeliveredBut, readTraffic, type Traffic } from '../operated/books.ts';
import type { Operated } from '../operated/deploy.ts';
import { ParcelSent } from '../operated/events.ts';
import { setFaults } from '../operated/faults/set.ts';
import { idOfThePast, sweeperWasOff } from '../operated/past.ts';

/** The relay dies after it published, and before it wrote down that it did. */
export function describeCrash(deployed: () => Operated): void {
  describe('a crash between publishing and the receipt', () => {
    it('is made up for by the sweeper, while the relay goes on dying', async () => {
      const { faulty, lambda } = deployed();
      await setFaults(faulty.relay, { diesBeforeReceipts: true }, lambda);
      await sweeperWasOff(faulty);
      const event = ParcelSent('dies', { note: '' }, { id: idOfThePast() });
      await faulty.write(event);
      const dying = await arrived(faulty, event.id);

      const sweep = await faulty.outbox('sweep');

      expect(dying.published).not.toContain(event.id);
      expect(sweep.stdout).toMatch(/missed +1 entries/);
      await expectAllDeliveredBut([], faulty);
      await setFaults(faulty.relay, {}, lambda);
      await expectAllDeliveredBut([], faulty);
    });

    it('is made up for by the relay itself when it lives again', async () => {
      const { faulty, lambda } = deployed();
      await setFaults(faulty.relay, { diesBeforeReceipts: true }, lambda);
      const event = ParcelSent('lives', { note: '' });
      await faulty.write(event);
      const dying = await arrived(faulty, event.id);

      await setFaults(faulty.relay, {}, lambda);

      expect(dying.published).not.toContain(event.id);
      await expectAllDeliveredBut([], faulty);
    });
  });
}

function arrived(faulty: Operated['faulty'], id: string): Promise<Traffic> {
  return latestOf(
    () => readTraffic(faulty),
    ({ delivered }) => delivered.includes(id),
  );
}
