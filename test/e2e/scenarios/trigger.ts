import { describe, expect, it } from 'vitest';

import { expectAllDeliveredBut } from '../operated/books.ts';
import type { Operated } from '../operated/deploy.ts';
import { ParcelSent } from '../operated/events.ts';
import { idOfThePast, sweeperWasOff } from '../operated/past.ts';
import { deleteTrigger, switchTrigger } from '../operated/trigger.ts';

/** Without its trigger the relay delivers nothing. */
export function describeTrigger(deployed: () => Operated): void {
  describe('a trigger', () => {
    it('that is off is made up for by the sweeper, and said so', async () => {
      const { twoWays, lambda } = deployed();
      await switchTrigger('off', twoWays, lambda);
      await sweeperWasOff(twoWays);
      await twoWays.write(
        ...['1', '2', '3'].map((id) => ParcelSent(id, { note: 'off' }, { id: idOfThePast() })),
      );

      const status = await twoWays.outbox('status');
      const before = await twoWays.status();
      const sweep = await twoWays.outbox('sweep');

      expect(before.inFlight.entries).toBe(3);
      expect(status).toMatchObject({ exitCode: 1 });
      expect(status.stdout).toContain('trigger is disabled: only the sweeper delivers');
      expect(sweep).toMatchObject({ exitCode: 0 });
      expect(sweep.stdout).toMatch(/missed +3 entries/);
      await expectAllDeliveredBut([], twoWays);

      await switchTrigger('on', twoWays, lambda);
      await twoWays.write(ParcelSent('4', { note: 'on again' }));
      await expectAllDeliveredBut([], twoWays);
    });

    it('that was deleted and made anew brings everything that was written meanwhile', async () => {
      const { twoWays, lambda } = deployed();
      const { makeAnew } = await deleteTrigger(twoWays, lambda);
      await twoWays.write(ParcelSent('1', { note: 'none' }), ParcelSent('2', { note: 'none' }));

      const without = await twoWays.status();
      await makeAnew();

      expect(without).toMatchObject({
        trigger: { value: { state: 'Missing' } },
        inFlight: { entries: 2 },
      });
      await expectAllDeliveredBut([], twoWays);
    });
  });
}
