import { entryToRow, type Entry } from '../../contract/entry.ts';
import { matchesType } from '../../contract/event-types.ts';
import { entryKey } from '../../contract/keys.ts';
import { limits } from '../../contract/limits.ts';
import { waitingToRow, type Waiting } from '../../contract/waiting.ts';
import { itemBytes } from '../../runtime/item-size.ts';
import { parkedFrom } from '../admit.ts';
import { receiptsFor } from '../receipts.ts';
import type { PageChunk } from '../sweep-store.ts';
import type { SweepPorts } from './ports.ts';

/**
 * Moves entries to the waiting room without an attempt, due at once: there each one's attempts are counted, so
 * that the one which kills its sweepers is found and parked, and the others go. Leaves none unsettled.
 */
export async function setAside(
  { entries, invalid }: PageChunk,
  ports: SweepPorts,
): Promise<readonly Entry[]> {
  const { store, clock, log } = ports;
  const now = clock.now();
  log.error('entries set aside, to be attempted one by one: sweepers died of their page', {
    eventIds: entries.map(({ id }) => id),
  });
  await store.addWaiting([
    ...entries.map((entry) => unattempted(entry, ports)),
    ...invalid.map((row) => parkedFrom(row, now)),
  ]);
  const invalidRows = invalid.map(({ key }) => key);
  await store.addReceipts(receiptsFor('waiting', { entries, invalidRows }, ports));
  return [];
}

function unattempted(entry: Entry, ports: SweepPorts): Waiting {
  const { destinations, clock } = ports;
  const isInOrder = destinations.some(
    ({ ordered, types }) => ordered && matchesType(types, entry.type),
  );
  const waiting: Waiting = {
    entry,
    state: 'retrying',
    dueAt: clock.now(),
    attempts: 0,
    holds: isInOrder && entry.sequence !== undefined,
  };
  return itemBytes(waitingToRow(waiting)) > limits.table.maxItemBytes
    ? tooLarge(entry, ports)
    : waiting;
}

/** Nobody who writes through the package can write so large an entry. It is parked cut short; its page has it whole. */
function tooLarge(entry: Entry, { shards, retentionMs, clock }: SweepPorts): Waiting {
  const json = JSON.stringify(entryToRow(entry, { shards, retentionMs }));
  const problem = 'too large to wait: an entry must leave room for what is added while it does';
  return parkedFrom({ key: entryKey(entry, shards), json, problem }, clock.now());
}
