import { OutboxError } from '../../contract/error.ts';
import type { Handled } from '../../contract/inbox-rows.ts';
import { limits } from '../../contract/limits.ts';
import type { CommitFailed } from '../write/commit-attempt.ts';
import { commitEvents, type CommitEventsResult } from '../write/commit-events.ts';
import type { Random } from '../ports.ts';
import { commit } from '../transaction/transaction.ts';
import type { Action } from '../transaction/transactor.ts';
import { writeFailed } from '../write/write-failed.ts';
import type { Writer } from '../write/writer.ts';
import type { Collected } from './collect.ts';
import { isRemembered, putMarker, type MarkerPorts } from './marker.ts';

export interface CommitPorts extends MarkerPorts {
  /** Writes emitted events, where there is an outbox. */
  readonly writer?: Writer;
  readonly random: Random;
}

/**
 * Commits what a handler collected together with the marker of its message, in one transaction with a
 * token of its own: all of it, or, for a message that was handled before, nothing.
 *
 * @throws OutboxError `CONDITION_FAILED` where a condition of the handler's own failed (`facts.index` is
 * the place among its writes); what {@link commitEvents} throws
 */
export async function commitOnce(
  handled: Handled,
  collected: Collected,
  ports: CommitPorts,
): Promise<'handled' | 'duplicate'> {
  checkCount(handled, collected);
  const actions = [putMarker(handled, ports), ...collected.writes];
  const result = await send(actions, collected, ports);
  if (result.status === 'committed') return 'handled';
  // DynamoDB need not report every failed condition: only the marker itself can tell for certain.
  const isDuplicate = hasMarkerFailed(result) || (await isRemembered(handled, ports));
  if (isDuplicate) return 'duplicate';
  throw writeFailed(withoutMarker(result), collected.writes);
}

/** The marker is the first action. */
function hasMarkerFailed({ failures }: CommitFailed): boolean {
  return failures.some(({ index }) => index === 0);
}

/** Failures by their place among the handler's writes. */
function withoutMarker(result: CommitFailed): CommitFailed {
  const failures = result.failures.map((failure) => ({ ...failure, index: failure.index - 1 }));
  return { ...result, failures };
}

async function send(
  actions: readonly Action[],
  { events, cancel }: Collected,
  { writer, transactor, clock, random }: CommitPorts,
): Promise<CommitEventsResult> {
  if (writer !== undefined) return commitEvents(writer, { actions, events, cancel });
  const result = await commit(transactor, actions, { clock, random });
  return result.status === 'committed'
    ? { ...result, events: [], notCancelled: [] }
    : { ...result, alreadyWritten: [], notDeferred: [] };
}

function checkCount({ eventId }: Handled, { writes, events, cancel }: Collected): void {
  const limit = limits.transaction.maxActions - 1;
  const count = writes.length + events.length + cancel.length;
  if (count <= limit) return;
  throw new OutboxError(
    'TOO_MANY_ACTIONS',
    `the handler of message ${eventId} collected ${writes.length} writes, ${events.length} events and ${cancel.length} cancellations, a transaction has room for ${limit} beside the inbox's marker: ` +
      'emit one event that tells of several changes, or events whose handlers do a part each',
    { facts: { eventId, count, limit } },
  );
}
