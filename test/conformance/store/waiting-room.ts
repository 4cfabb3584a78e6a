import { beforeEach, describe, expect, it } from 'vitest';

import type { Row } from '../../../lib/table/entry.ts';
import { keyOfWaiting } from '../../../lib/table/waiting.ts';
import { aWaiting, anEntry, someTime } from '../../support/entries.ts';
import { shards, type StoreFactory, type StoreUnderTest } from './subject.ts';

export function describeWaitingRoom(create: StoreFactory): void {
  describe('the waiting room', () => {
    let subject: StoreUnderTest;
    beforeEach(async () => {
      subject = await create({ shards });
    });

    it('keeps what is added, whole', async () => {
      const waiting = aWaiting({
        entry: anEntry({ sequence: 7, tenant: 'acme', traceparent: '00-1-2-01' }),
        missing: ['bus', 'warehouse'],
        blocksLane: true,
        error: { code: 'ThrottlingException', message: 'slow down', destination: 'bus' },
        firstTriedAt: someTime,
        lastTriedAt: someTime + 1,
      });

      await subject.store.addWaiting([waiting]);

      expect(await subject.store.getWaiting(keyOfWaiting(waiting.entry))).toEqual(waiting);
    });

    it('keeps entries with a sequence and without, and rows that are none', async () => {
      const waiting = [
        aWaiting(),
        aWaiting({ entry: anEntry({ sequence: 1 }), state: 'held', attempts: 0 }),
        aWaiting({
          entry: { key: { pk: '2026-11-21T04:37#00', sk: 'e#nonsense' }, json: '{}' },
          state: 'parked',
        }),
      ];

      await subject.store.addWaiting(waiting);

      const found = await Promise.all(
        waiting.map(({ entry }) => subject.store.getWaiting(keyOfWaiting(entry))),
      );
      expect(found).toEqual(waiting);
    });

    it('knows nothing of what was never added', async () => {
      expect(await subject.store.getWaiting(keyOfWaiting(anEntry()))).toBeUndefined();
    });

    it.each([
      { kind: 'that holds nobody', blocksLane: false },
      { kind: 'that holds its aggregate', blocksLane: true },
    ])('leaves an entry $kind as it is where it waits already', async ({ blocksLane }) => {
      const entry = anEntry({ sequence: 3 });
      const parked = aWaiting({ entry, blocksLane, state: 'parked', attempts: 5 });
      await subject.store.addWaiting([parked]);

      await subject.store.addWaiting([aWaiting({ entry, blocksLane, attempts: 1 }), aWaiting()]);

      expect(await subject.store.getWaiting(keyOfWaiting(entry))).toEqual(parked);
      expect(await waitingRowsOf(subject)).toHaveLength(2);
    });

    it('keeps both of two events that were given one sequence', async () => {
      const twins = [1, 2].map(() => aWaiting({ entry: anEntry({ sequence: 1 }) }));

      await subject.store.addWaiting(twins);

      expect(await waitingRowsOf(subject)).toHaveLength(2);
    });

    it('takes nothing for an answer', async () => {
      await subject.store.addWaiting([]);

      expect(await subject.rows()).toEqual([]);
    });
  });
}

async function waitingRowsOf({ rows }: StoreUnderTest): Promise<Row[]> {
  return (await rows()).filter((row) => row['state'] !== undefined);
}
