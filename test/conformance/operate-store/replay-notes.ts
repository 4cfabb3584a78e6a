import { describe, expect, it } from 'vitest';

import type { ReplayNote } from '../../../lib/table/replay.ts';
import { somePage, someTime } from '../../support/entries.ts';
import { shards, type OperateStoreFactory } from './subject.ts';

const note: ReplayNote = {
  name: 'an hour',
  replayId: 'replay-1',
  run: 'run-1',
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
      await store.changeReplay(undefined, note);
      await store.changeReplay(undefined, { ...note, name: 'another' });

      expect(await store.changeReplay(note, ended)).toBe(true);
      expect(await store.readReplay('an hour')).toEqual(ended);
    });

    it('lists all of them, and nothing else', async () => {
      const { store } = await create({ shards });
      const another = { ...note, name: 'another', request: { from: 1, to: 2, types: ['order.*'] } };
      await store.advanceWatermark('missed', somePage, shards);
      await store.changeReplay(undefined, note);
      await store.changeReplay(undefined, another);

      const listed = await store.listReplays();

      expect(listed.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([note, another]);
    });

    it.each([
      ['another one is there', undefined],
      ['another run took it over', { ...note, run: 'run-0' }],
      ['it is of an earlier replay', { ...note, replayId: 'replay-0' }],
      ['it was ended', { ...note, endedAt: someTime }],
    ])('changes nothing where %s', async (_, before) => {
      const { store } = await create({ shards });
      await store.changeReplay(undefined, note);

      expect(await store.changeReplay(before, { ...note, sent: 9 })).toBe(false);
      expect(await store.readReplay('an hour')).toEqual(note);
    });

    it('lets one of two begin that come in the same moment', async () => {
      const { store } = await create({ shards });
      const notes = ['replay-1', 'replay-2'].map((replayId) => ({ ...note, replayId }));

      const begun = await Promise.all(notes.map((one) => store.changeReplay(undefined, one)));

      expect(begun.filter(Boolean)).toHaveLength(1);
    });

    it('knows nothing of what was never replayed', async () => {
      const { store } = await create({ shards });

      expect(await store.readReplay('an hour')).toBeUndefined();
    });
  });
}
