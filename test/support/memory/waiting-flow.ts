import {
  claimedFrom,
  heldAggregateOf,
  holdCount,
  holdsOf,
  keyOfWaiting,
  rowToWaiting,
  waitingIndexKeys,
  waitingToRow,
  rowToSummary,
  type SeenWaiting,
  type Waiting,
  type WaitingState,
  type WaitingSummary,
} from '../../../lib/table/waiting.ts';
import type { Row } from '../../../lib/table/entry.ts';
import { holdKey, table as names, waitingPrefix } from '../../../lib/table/keys.ts';
import { toRow } from '../../../lib/dynamodb/items.ts';
import { settlementRows } from '../../../lib/dynamodb/waiting-flow.ts';
import type { WaitingFlow } from '../../../lib/table/stores.ts';
import { atOnce, type MemoryTable } from '../../../lib/testing/memory-table.ts';

/** Rows that are listed at once. */
const rowsPerAnswer = 250;

/** The ways through a waiting room in memory. */
export function createMemoryWaitingFlow(table: MemoryTable, shards: number): WaitingFlow {
  return {
    ...createMemoryWaitingIndex(table),
    firstInLine: (aggregate) =>
      atOnce(() => {
        const { pk, sk } = holdKey(aggregate);
        const rows = table.query(pk).map(toRow);
        const first = rows.find((row) => row['sk'] !== sk && row['blocksLane'] === true);
        return first === undefined ? undefined : rowToWaiting(first);
      }),
    claimWaiting: (seen, until) =>
      atOnce(() => {
        const waiting = findAsSeen(table, seen);
        if (waiting === undefined) return undefined;
        const claimed = { ...waiting, ...claimedFrom(seen, until) };
        table.put(waitingToRow(claimed));
        return claimed;
      }),
    changeWaiting: (before, after) =>
      atOnce(() => {
        if (!isStill(table, before)) return false;
        table.put(waitingToRow(after));
        countHolds(table, before, holdOf(after) - holdOf(before));
        return true;
      }),
    removeWaiting: (before, settlement) =>
      atOnce(() => {
        if (!isStill(table, before)) return false;
        table.delete(keyOfWaiting(before.entry));
        for (const row of settlementRows(before, settlement, shards)) table.put(row);
        countHolds(table, before, -holdOf(before));
        return true;
      }),
  };
}

function createMemoryWaitingIndex(
  table: MemoryTable,
): Pick<WaitingFlow, 'listWaiting' | 'countWaiting'> {
  const rowsIn = (state: WaitingState): Row[] => {
    const keys = new Set<unknown>(waitingIndexKeys(state));
    return table.rows(waitingPrefix).filter((row) => keys.has(row[names.waitingKey]));
  };
  return {
    listWaiting: async function* (state, dueBy) {
      const all = await atOnce(() => rowsIn(state).map(rowToSummary));
      const due = all.filter(({ dueAt }) => dueAt <= dueBy).toSorted((a, b) => a.dueAt - b.dueAt);
      yield* inParts(due);
    },
    countWaiting: (state) => atOnce(() => rowsIn(state).length),
  };
}

function isStill(table: MemoryTable, before: Waiting): boolean {
  const now = findAsSeen(table, { ...before, key: keyOfWaiting(before.entry) });
  return now?.blocksLane === before.blocksLane;
}

function findAsSeen(table: MemoryTable, seen: SeenWaiting): Waiting | undefined {
  const row = table.get(seen.key);
  const waiting = row === undefined ? undefined : rowToWaiting(row);
  const isAsSeen =
    waiting?.state === seen.state &&
    waiting.attempts === seen.attempts &&
    waiting.dueAt === seen.dueAt;
  return isAsSeen ? waiting : undefined;
}

function holdOf({ blocksLane: holds }: Waiting): 0 | 1 {
  return holds ? 1 : 0;
}

function countHolds(table: MemoryTable, before: Waiting, delta: number): void {
  const aggregate = heldAggregateOf({ ...before, blocksLane: true });
  if (aggregate === undefined || delta === 0) return;
  const key = holdKey(aggregate);
  table.put({ ...key, [holdCount]: holdsOf(table.get(key)) + delta });
}

function* inParts(rows: readonly WaitingSummary[]): Generator<readonly WaitingSummary[]> {
  for (let at = 0; at < rows.length; at += rowsPerAnswer) yield rows.slice(at, at + rowsPerAnswer);
}
