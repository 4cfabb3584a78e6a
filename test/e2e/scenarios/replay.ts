import { describe, expect, it } from 'vitest';

import type { Consumer } from '../operated/consumer.ts';
import { expectAllDeliveredBut } from '../operated/books.ts';
import type { Operated } from '../operated/deploy.ts';
import { ParcelSent } from '../operated/events.ts';

/** What was delivered is delivered again. */
export function describeReplay(deployed: () => Operated): void {
  describe('a replay', () => {
    it('of an hour brings it to the one consumer that is named, marked, and to nobody else', async () => {
      const { twoWays } = deployed();
      const events = ['1', '2'].map((id) => ParcelSent(`replay-${id}`, { note: '' }));
      await twoWays.write(...events);
      await expectAllDeliveredBut([], twoWays);
      const [audience, partner] = twoWays.consumers;
      const before = (await audience!.received()).length;

      const replay = await twoWays.outbox(
        ...['replay', '--from', '1h', '--to', '0s', '--type', ParcelSent.type],
        ...['--to-destination', 'partner', '--yes'],
      );

      expect(replay).toMatchObject({ exitCode: 0 });
      await expectAllDeliveredBut([], twoWays);
      const ids = events.map(({ id }) => id);
      const replayIds = await replaysOf(ids, partner!);
      expect(replayIds).toHaveLength(2);
      expect(new Set(replayIds).size).toBe(1);
      expect(replay.stderr).toContain(replayIds[0]);
      expect(await replaysOf(ids, audience!)).toEqual([]);
      expect(await audience!.received()).toHaveLength(before);
    });
  });
}

async function replaysOf(ids: readonly string[], consumer: Consumer): Promise<string[]> {
  const messages = await consumer.received();
  return messages.filter(({ id }) => ids.includes(id)).flatMap(({ replayid }) => replayid ?? []);
}
