import { InvokeCommand } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';

import { firstPageOf, hourAfter, hourOf, hourStart } from '../../../lib/table/archive.ts';
import { pageOf, timeOfId } from '../../../lib/table/keys.ts';
import { createDynamoDBSweepStore } from '../../../lib/dynamodb/sweep-store.ts';
import { expectAllDeliveredBut } from '../operated/books.ts';
import type { Operated } from '../operated/deploy.ts';
import { ParcelSent } from '../operated/events.ts';
import { expire } from '../operated/expiry.ts';
import { setFaults } from '../operated/faults/set.ts';

const hourMs = 3_600_000;
/** The stack keeps entries for three days: they are archived a day before at the latest, and gone after four. */
const whenArchivedMs = 49 * hourMs;
const whenExpiredMs = 96 * hourMs;

/** Entries that expired, and are in the archive. */
export function describeArchive(deployed: () => Operated): void {
  describe('what has expired', () => {
    it('is shown and replayed from the archive', async () => {
      const { archived } = deployed();
      const [reader] = archived.consumers;
      const events = ['1', '2'].map((id) => ParcelSent(`archive-${id}`, { note: '' }));
      const ids = events.map(({ id }) => id);
      await archived.write(...events);
      await expectAllDeliveredBut([], archived);
      const [firstPage = '', lastPage = ''] = ids.map((id) => pageOf(timeOfId(id)));
      const hour = hourOf(firstPage);
      const end = hourStart(hourAfter(hourOf(lastPage), 1));

      const report = await archive(deployed(), firstPageOf(hour));
      await expire([firstPage, lastPage], archived);
      const show = await archived.outboxLater(whenExpiredMs, 'show', ids[0] ?? '');
      const replay = await archived.outboxLater(
        whenExpiredMs,
        ...['replay', '--from', iso(hourStart(hour)), '--to', iso(end), '--yes'],
      );

      expect(report).toMatchObject({ entries: 2, ended: 'done' });
      expect(show).toMatchObject({ exitCode: 0 });
      expect(show.stdout).toContain('parcel.sent');
      expect(replay).toMatchObject({ exitCode: 0 });
      expect(replay.stdout).toContain('replayed: 2 entries');
      await expectAllDeliveredBut([], archived);
      const again = (await reader!.received()).filter(({ replayid }) => replayid !== undefined);
      expect(again.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    });
  });
}

/** Runs the archiver as it is when the entries are about to expire; it was at this hour last. */
async function archive({ archived, lambda }: Operated, from: string): Promise<unknown> {
  const { clients, table: tableName, shards } = archived;
  const store = createDynamoDBSweepStore({ client: clients.tables, tableName, shards });
  await store.advanceWatermark('archive', from, shards);
  await setFaults(archived.archiver, { clockAheadMs: whenArchivedMs }, lambda);
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: archived.archiver }));
  return JSON.parse(Buffer.from(Payload ?? []).toString());
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
