import { epochSeconds } from '../table/inbox-rows.ts';
import { ownValue } from '../core/pick.ts';
import { sagaTable, sagaToRow, type SagaRecord } from '../table/saga.ts';
import type { InboxTransaction } from '../inbox/collect.ts';
import { newId } from '../core/system.ts';
import type { Clock } from '../core/ports.ts';
import type { Action } from '../dynamodb/transactor.ts';
import { recordOf, type Change } from './record.ts';

/** Where sagas are kept, and for how long. */
export interface SagaPlace {
  readonly clock: Clock;
  readonly sagaTableName: string;
  /** How long a finished saga is remembered. */
  readonly dedupeWindowMs: number;
}

/** Puts the saga's row, sets the deadlines that are to be set, and takes back those that are not to come. */
export function writeSaga<State>(
  change: Omit<Change<State>, 'deadlines' | 'now' | 'dedupeWindowMs'>,
  tx: InboxTransaction,
  { clock, sagaTableName, dedupeWindowMs }: SagaPlace,
): void {
  const { parts, before, result, saga } = change;
  const now = clock.now();
  const events = result.deadlines.map(({ name, afterMs }) => {
    const dueAt = now + afterMs;
    const data = { name, revision: saga.revision };
    const event = parts.deadline(saga.key, data, { id: newId(dueAt), deliverAt: new Date(dueAt) });
    return { event, name, deadline: { revision: saga.revision, eventId: event.id, dueAt } };
  });
  const deadlines = Object.fromEntries(events.map(({ name, deadline }) => [name, deadline]));
  const record = recordOf({ ...change, deadlines, now, dedupeWindowMs });
  tx.put({ TableName: sagaTableName, Item: sagaToRow(record), ...isAsRead(before, now) });
  if (events.length > 0) tx.emit(...events.map(({ event }) => event));
  for (const name of result.cancelled) {
    const eventId = ownValue(before?.deadlines ?? {}, name)?.eventId;
    // One that is on its way is let pass when it comes.
    if (eventId !== undefined) tx.cancel(eventId, { required: false });
  }
}

/** That nobody has changed the saga since it was read. */
function isAsRead(
  before: SagaRecord | undefined,
  now: number,
): Pick<
  NonNullable<Action['Put']>,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
> {
  if (before !== undefined) {
    const isSameSaga = '#startedAt = :startedAt';
    const isSameRevision = '#revision = :read';
    return {
      ConditionExpression: [isSameSaga, isSameRevision].join(' AND '),
      ExpressionAttributeNames: { '#revision': 'revision', '#startedAt': 'startedAt' },
      ExpressionAttributeValues: { ':read': before.revision, ':startedAt': before.startedAt },
    };
  }
  const hasNoRow = 'attribute_not_exists(#pk)';
  const rowExpired = '#expiresAt < :now';
  return {
    ConditionExpression: [hasNoRow, rowExpired].join(' OR '),
    ExpressionAttributeNames: { '#pk': sagaTable.pk, '#expiresAt': sagaTable.expiresAt },
    ExpressionAttributeValues: { ':now': epochSeconds(now) },
  };
}

/** Whether a saga has been forgotten: DynamoDB removes its row days later. */
export function isForgotten({ expiresAt = Infinity }: SagaRecord, now: number): boolean {
  return expiresAt < epochSeconds(now);
}
