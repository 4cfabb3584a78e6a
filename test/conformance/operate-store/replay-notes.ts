import { describe, expect, it } from 'vitest';

import type { ReplayNote } from '../../../lib/contract/replay.ts';
import { somePage, someTime } from '../../support/entries.ts';
import { shards, type OperateStoreFactory } from './subject.ts';

const note: ReplayNote = {
  name: 'an hour',
  replayId: 'replay-1',
  next: somePage,
  sent: 3,
  by: 'arn:aws:iam::1:user/me',
  startedAt: someTime,
};

export function describeReplayNotes(create: OperateStoreFactory): void {
  describe('notes of replays', () => {
    it('gives back the last one of a name', async () => {
      const { store } = await create({ shards });
      const ended = { ...note, sent: 5, endedAt: someTime + 1 };
      await store.noteReplay(note);
      await store.noteReplay({ ...note, name: 'another' });
      await store.noteReplay(ended);

      expect(await store.readReplay('an hour')).toEqual(ended);
    });

    it('knows nothing of what was never replayed', async () => {
      const { store } = await create({ shards });

      expect(await store.readReplay('an hour')).toBeUndefined();
    });
  });
}
