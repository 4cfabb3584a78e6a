import { describe, expect, it } from 'vitest';

import { expectAllDeliveredBut } from '../operated/books.ts';
import type { Operated } from '../operated/deploy.ts';
import { ParcelLost, ParcelSent } from '../operated/events.ts';
import { setFaults } from '../operated/faults/set.ts';
import { limitMessages, smallestLimit } from '../operated/queue.ts';

/** A destination takes some events and refuses others. */
export function describeRefusal(deployed: () => Operated): void {
  describe('a refusal', () => {
    it('of one type parks its events; they are found, and delivered once the cause is mended', async () => {
      const { faulty, lambda } = deployed();
      await setFaults(faulty.relay, { refuses: [ParcelLost.type] }, lambda);
      const refused = ParcelLost('1', { note: 'secret' });
      await faulty.write(ParcelSent('1', { note: '' }), refused, ParcelSent('2', { note: '' }));
      await expectAllDeliveredBut([refused.id], faulty);

      const list = await faulty.outbox('ls', 'parked', '--type', 'parcel.*');
      const show = await faulty.outbox('show', refused.id);
      await setFaults(faulty.relay, {}, lambda);
      const dryRun = await faulty.outbox('redrive', refused.id);
      const redrive = await faulty.outbox(
        'redrive',
        refused.id,
        '--reason',
        'allowed now',
        '--yes',
      );
      const sweep = await faulty.outbox('sweep');

      expect(list.stdout).toContain(refused.id);
      expect(list.stdout).toContain('NotAuthorizedForDetailTypeException');
      expect(show.stdout).toContain('the policy allows no events of this type');
      expect(show.stdout).not.toContain('secret');
      expect(dryRun.stderr).toContain('Nothing was changed');
      expect(redrive).toMatchObject({ exitCode: 0 });
      expect(sweep.stdout).toMatch(/due +1 waiting/);
      await expectAllDeliveredBut([], faulty);
      const after = await faulty.outbox('show', refused.id);
      expect(after.stdout).toMatch(/redrive .*allowed now/);
    });

    it('of an event with a sequence holds its aggregate alone, and its redrive releases it in sequence', async () => {
      const { inOrder, clients } = deployed();
      const [line] = inOrder.consumers;
      const large = { note: 'x'.repeat(smallestLimit) };
      await limitMessages(line!.queueUrl, clients.queues, smallestLimit);
      const event = (id: string, sequence: number, data = { note: '' }) =>
        ParcelSent(id, data, { sequence });
      const refused = event('held', 2, large);
      const behind = [event('held', 3), event('held', 4)];
      await inOrder.write(event('held', 1), refused, ...behind, event('other', 1));
      await expectAllDeliveredBut([refused.id, ...behind.map(({ id }) => id)], inOrder);

      const held = await inOrder.outbox('ls', 'held', '--aggregate', 'parcel/held');
      await limitMessages(line!.queueUrl, clients.queues);
      const redrive = await inOrder.outbox('redrive', 'parcel/held', '--yes');
      const sweep = await inOrder.outbox('sweep');

      expect(held.stdout).toContain(behind[0]!.id);
      expect(redrive).toMatchObject({ exitCode: 0 });
      expect(sweep).toMatchObject({ exitCode: 0 });
      await expectAllDeliveredBut([], inOrder);
      const messages = await line!.received();
      const ofHeld = messages.filter(({ subject }) => subject === 'parcel/held');
      expect(ofHeld.map(({ sequence }) => Number(sequence))).toEqual([1, 2, 3, 4]);
    });
  });
}
