import type { Row } from '../table/entry.ts';
import { OutboxError } from '../core/errors.ts';
import { tableNameOf } from '../dynamodb/action.ts';
import { notDeferred } from './cancel.ts';
import type { CommitFailed } from './commit-attempt.ts';
import type { Action } from '../dynamodb/transactor.ts';

/**
 * What a caller of `write` is told of failed conditions.
 *
 * An event that was written before comes first: then this very write was committed earlier, and the caller's
 * own conditions fail for no other reason.
 */
export function writeFailed(failed: CommitFailed, items: readonly Action[]): OutboxError {
  if (failed.alreadyWritten.length > 0) return alreadyWritten(failed);
  if (failed.failures.length > 0) return conditionFailed(failed, items);
  return notDeferred(failed.notDeferred, failed.cause);
}

/** What a caller is told who writes events that were written before. */
export function alreadyWritten({
  alreadyWritten: eventIds,
  cause,
}: Pick<CommitFailed, 'alreadyWritten' | 'cause'>): OutboxError {
  return new OutboxError(
    'EVENT_ALREADY_WRITTEN',
    `${eventIds.length === 1 ? 'an event was' : 'events were'} written before: ${eventIds.join(', ')}. ` +
      'The transaction that wrote it was committed, this one was not: take it as done if it is a repetition, else make a new event',
    { facts: { eventIds }, cause },
  );
}

function conditionFailed({ failures, cause }: CommitFailed, items: readonly Action[]): OutboxError {
  const failed = failures.map(({ index, reason }) =>
    withHidden({ index, tableName: tableNameOf(items[index]) }, reason.item),
  );
  const told = failed.map(({ index, tableName }) => `item ${index} (table ${tableName})`);
  return new OutboxError(
    'CONDITION_FAILED',
    `nothing was written: the condition of ${told.join(' and of ')} failed`,
    { facts: withHidden({ ...failed[0], failures: failed }, failures[0]?.reason.item), cause },
  );
}

/** Facts with the item that a caller asked for (`ALL_OLD`). It can be read, and logs leave it out. */
function withHidden<Facts extends object>(facts: Facts, item: Row | undefined): Facts {
  return item === undefined
    ? facts
    : Object.defineProperty(facts, 'item', { value: item, enumerable: false });
}
