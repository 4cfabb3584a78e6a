import { describe, expect, it } from 'vitest';

import type { AuditNote } from '../../../lib/table/audit.ts';
import type { SweepReport } from '../../../lib/table/sweep-notes.ts';
import { newId } from '../../../lib/core/system.ts';
import { someTime } from '../../support/entries.ts';
import { shards, type SweepStoreFactory } from './subject.ts';

export function describeRecords(create: SweepStoreFactory): void {
  describe('reports of sweeps', () => {
    it('are read newest first, as many as are wanted', async () => {
      const { store } = await create({ shards });
      const reports = [1, 2, 3].map((minute) => aReport(someTime + minute * 60_000));
      for (const report of reports) await store.noteSweep(report);
      await store.noteLag({ oldestAt: someTime, notedAt: someTime });
      await store.advanceWatermark('missed', '2026-11-21T04:37', 4);

      expect(await store.readSweeps(2)).toEqual([reports[2], reports[1]]);
      expect(await store.readSweeps(10)).toHaveLength(3);
    });

    it('are kept apart for two of one moment, and expire after a week', async () => {
      const { store, rows } = await create({ shards });

      await store.noteSweep(aReport(someTime));
      await store.noteSweep(aReport(someTime));

      const week = 7 * 24 * 60 * 60;
      const expiries = (await rows()).map(({ expiresAt }) => expiresAt);
      expect(expiries).toEqual(Array(2).fill(Math.ceil((someTime + 500) / 1000) + week));
    });
  });

  describe('the record of what people did', () => {
    it('is found by event and by aggregate, oldest first', async () => {
      const { store } = await create({ shards });
      const redrive = aNote({ at: someTime, action: 'redrive', eventId: 'event-1' });
      const discard = aNote({ at: someTime + 1, eventId: 'event-2' });
      for (const note of [discard, redrive]) await store.noteAudit(note);

      expect(await store.readAudit({ eventId: 'event-1' })).toEqual([redrive]);
      expect(await store.readAudit({ aggregate: 'order/1' })).toEqual([redrive, discard]);
    });

    it('holds a note once, however often it is added, and for good', async () => {
      const { store, rows } = await create({ shards });
      const note = aNote({});

      await store.noteAudit(note);
      await store.noteAudit(note);

      expect(await store.readAudit({ eventId: 'event-1' })).toEqual([note]);
      expect((await rows()).filter((row) => 'expiresAt' in row)).toEqual([]);
    });

    it('keeps what is about neither an event nor an aggregate', async () => {
      const { store } = await create({ shards });
      const note: AuditNote = { id: 'n', action: 'replay', at: someTime, by: 'ada', reason: 'new' };

      await store.noteAudit(note);

      expect(await store.readAudit({})).toEqual([note]);
    });
  });
}

function aReport(startedAt: number): SweepReport {
  return {
    id: newId(startedAt),
    startedAt,
    endedAt: startedAt + 500,
    due: 1,
    missed: 2,
    closing: 3,
    pages: 4,
    unsettledMs: 5,
    parked: 6,
    ended: 'done',
  };
}

function aNote(over: Partial<AuditNote>): AuditNote {
  return {
    id: newId(someTime),
    action: 'discard',
    at: someTime,
    by: 'ada',
    reason: 'wrong amount',
    eventId: 'event-1',
    aggregate: 'order/1',
    ...over,
  };
}
