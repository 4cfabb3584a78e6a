import { describe, expect, it } from 'vitest';

import { poll } from '../../../bin/demo/poll.ts';
import { expectAllDeliveredBut } from '../operated/books.ts';
import type { Operated } from '../operated/deploy.ts';
import { ParcelSent } from '../operated/events.ts';
import { idOfThePast, sweeperWasOff } from '../operated/past.ts';
import { deleteQueue } from '../operated/queue.ts';

/** Nobody can be reached. */
export function describeOutage(deployed: () => Operated): void {
  describe('an outage', () => {
    it('leaves the backlog in the pages, and everything arrives when the destination is back', async () => {
      const { inOrder, clients } = deployed();
      const [line] = inOrder.consumers;
      await line!.received();
      const { makeAnew } = await deleteQueue(line!.queueUrl, clients.queues);
      await sweeperWasOff(inOrder);
      const events = [1, 2, 3].map((sequence) =>
        ParcelSent('outage', { note: '' }, { sequence, id: idOfThePast() }),
      );
      await inOrder.write(...events);

      const during = await inOrder.outbox('sweep');
      const status = await inOrder.outbox('status');
      const waiting = await inOrder.waiting();
      await makeAnew();
      const after = await inOrder.outbox('sweep');

      expect(during).toMatchObject({ exitCode: 1 });
      expect(during.stdout).toMatch(/ended +outage/);
      expect(status.stdout).toContain('the last sweep reached no destination');
      expect(status.stdout).toMatch(/in flight +3 entries/);
      expect(waiting).toEqual([]);
      expect(after).toMatchObject({ exitCode: 0 });
      await expectAllDeliveredBut([], inOrder);
      const ids = events.map(({ id }) => id);
      const messages = (await line!.received()).filter(({ id }) => ids.includes(id));
      expect(messages.map(({ id }) => id)).toEqual(ids);
    });

    it('of one of two destinations keeps nothing from the other, and what it lacks waits', async () => {
      const { twoWays, clients } = deployed();
      const [audience, partner] = twoWays.consumers;
      await partner!.received();
      const { makeAnew } = await deleteQueue(partner!.queueUrl, clients.queues);
      const event = ParcelSent('half', { note: '' });
      await twoWays.write(event);
      await poll(async () => (await twoWays.waiting()).find((row) => row.event === event.id), {
        until: 'the event waits',
      });

      const arrived = await audience!.received();
      const show = await twoWays.outbox('show', event.id);
      await makeAnew();
      const redrive = await twoWays.outbox('redrive', '--state', 'retrying', '--yes');
      await twoWays.outbox('sweep');

      expect(arrived.map(({ id }) => id)).toContain(event.id);
      expect(show.stdout).toMatch(/missing at +partner/);
      expect(redrive).toMatchObject({ exitCode: 0 });
      await expectAllDeliveredBut([], twoWays);
      const again = (await audience!.received()).filter(({ id }) => id === event.id);
      expect(again).toHaveLength(1);
    });
  });
}
