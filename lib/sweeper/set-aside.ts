import type { Entry } from '../table/entry.ts';
import { matchesType } from '../core/event-types.ts';
import type { Waiting } from '../table/waiting.ts';
import { parkedFrom } from '../delivery/admit.ts';
import { receiptsFor } from '../delivery/receipts.ts';
import type { PageChunk } from '../table/sweep-store.ts';
import type { SweepPorts } from './ports.ts';

/**
 * Moves entries to the waiting room without an attempt, due at once: there nothing expires, and each one's
 * attempts are counted, so that the one which kills its sweepers is found and parked, and the others go.
 */
export async function setAside(
  { entries, invalid }: PageChunk,
  why: string,
  ports: SweepPorts,
): Promise<void> {
  const { store, clock, log } = ports;
  const now = clock.now();
  log.error(`entries moved to the waiting room: ${why}`, {
    eventIds: entries.map(({ id }) => id),
  });
  await store.addWaiting([
    ...entries.map((entry) => unattempted(entry, ports)),
    ...invalid.map((row) => parkedFrom(row, now)),
  ]);
  const invalidRows = invalid.map(({ key }) => key);
  await store.addReceipts(receiptsFor('waiting', { entries, invalidRows }, ports));
}

function unattempted(entry: Entry, { destinations, clock }: SweepPorts): Waiting {
  const isInOrder = destinations.some(
    ({ ordered, types }) => ordered && matchesType(types, entry.type),
  );
  return {
    entry,
    state: 'retrying',
    dueAt: clock.now(),
    attempts: 0,
    holds: isInOrder && entry.sequence !== undefined,
  };
}
