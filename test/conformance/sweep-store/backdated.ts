import { describe, expect, it } from 'vitest';

import { backdatedToRow, type BackdatedNote } from '../../../lib/table/sweep-notes.ts';
import { pageOf } from '../../../lib/table/keys.ts';
import { newId } from '../../../lib/core/system.ts';
import { someTime } from '../../support/entries.ts';
import { shards, type SweepStoreFactory } from './subject.ts';

const retentionMs = 14 * 24 * 3_600_000;

export function describeBackdated(create: SweepStoreFactory): void {
  describe('a note that a page got an entry late', () => {
    it('is listed from when it was written, and gone once it is removed', async () => {
      const { store, put } = await create({ shards });
      const list = async (writtenBefore: number): Promise<BackdatedNote[]> => {
        const all: BackdatedNote[] = [];
        for await (const notes of store.listBackdated(writtenBefore)) all.push(...notes);
        return all;
      };
      const eventId = newId(someTime);
      const writtenAt = someTime + 300_000;
      await put(backdatedToRow(eventId, { writtenAt, retentionMs }));

      expect(await list(writtenAt - 1)).toEqual([]);
      const [note] = await list(writtenAt);
      expect(note).toMatchObject({ page: pageOf(someTime), writtenAt });
      await store.removeBackdated(note!);
      expect(await list(writtenAt)).toEqual([]);
    });
  });
}
