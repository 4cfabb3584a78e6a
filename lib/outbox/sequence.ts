import { requestOf, type TransactItem, type Transactor } from '../dynamodb/actions.ts';
import { cancellationReasons } from '../dynamodb/transactor.ts';
import type { Draft } from '../events/draft.ts';
import type { Entry } from '../table/entry.ts';
import { counterKey, table } from '../table/keys.ts';

/** Entries with their sequence, and the actions that make the numbers given out theirs. */
export interface Numbered {
  readonly entries: readonly Entry[];
  /** One per aggregate whose events ask for the next number. */
  readonly counters: readonly TransactItem[];
}

/** Where the counters are. */
export interface CounterTable {
  readonly transactor: Transactor;
  readonly tableName: string;
}

/**
 * Gives out the next sequence numbers: consecutive ones to the events of one aggregate, in their order.
 *
 * The numbers are theirs only once the counters' actions are committed together with the entries: each
 * is conditional on the number that was read here, so two writers never get the same one, and a write that
 * fails leaves no hole.
 */
export async function numberDrafts(
  drafts: readonly Draft[],
  counterTable: CounterTable,
): Promise<Numbered> {
  const asking = drafts.filter(({ sequence }) => sequence === 'next');
  const aggregates = [...new Set(asking.map(({ entry }) => entry.aggregate))];
  const read = await Promise.all(
    aggregates.map((aggregate) => readCounter(aggregate, counterTable)),
  );
  const given = new Map(aggregates.map((aggregate, index) => [aggregate, read[index] ?? 0]));
  const entries = drafts.map(({ entry, sequence }): Entry => {
    if (sequence === undefined) return entry;
    if (sequence !== 'next') return { ...entry, sequence };
    const next = (given.get(entry.aggregate) ?? 0) + 1;
    given.set(entry.aggregate, next);
    return { ...entry, sequence: next };
  });
  const counters = aggregates.map((aggregate, index) =>
    moveCounter(counterTable.tableName, aggregate, { from: read[index], to: given.get(aggregate) }),
  );
  return { entries, counters };
}

/** Whether an action moves a counter of this table. */
function isCounterAction(action: TransactItem | undefined, tableName: string): boolean {
  if (action?.Update === undefined) return false;
  const { TableName, Key = {} } = requestOf(action);
  const { pk, sk } = counterKey('');
  return TableName === tableName && Key['sk'] === sk && String(Key['pk']).startsWith(pk);
}

async function readCounter(
  aggregate: string,
  { transactor, tableName }: CounterTable,
): Promise<number | undefined> {
  const row = await transactor.get(tableName, { ...counterKey(aggregate) });
  return row?.['value'] as number | undefined;
}

function moveCounter(
  tableName: string,
  aggregate: string,
  { from, to }: { from: number | undefined; to: number | undefined },
): TransactItem {
  const isFirst = `attribute_not_exists(${table.pk})`;
  const isUnmoved = '#value = :from';
  return {
    Update: {
      TableName: tableName,
      Key: { ...counterKey(aggregate) },
      UpdateExpression: 'SET #value = :to',
      ConditionExpression: from === undefined ? isFirst : isUnmoved,
      ExpressionAttributeNames: { '#value': 'value' },
      ExpressionAttributeValues: { ':to': to, ...(from === undefined ? {} : { ':from': from }) },
    },
  };
}

/**
 * Whether a transaction failed for nothing but its sequence counters (and conflicts, which pass): then
 * the same events, prepared again, may succeed.
 */
export function isLostSequenceRace(
  error: unknown,
  { actions, tableName }: { actions: readonly TransactItem[]; tableName: string },
): boolean {
  const reasons = cancellationReasons(error) ?? [];
  const failures = reasons
    .map(({ Code }, index) => ({
      code: Code,
      isCounter: isCounterAction(actions[index], tableName),
    }))
    .filter(({ code }) => code !== 'None');
  const isConflict = (code: string | undefined): boolean => code === 'TransactionConflict';
  return (
    failures.some(({ isCounter }) => isCounter) &&
    failures.every(
      ({ code, isCounter }) => isConflict(code) || (isCounter && code === 'ConditionalCheckFailed'),
    )
  );
}
