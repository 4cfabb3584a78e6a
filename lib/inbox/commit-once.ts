import { OutboxError } from '../core/errors.ts';
import type { Handled } from '../table/inbox-rows.ts';
import { limits } from '../core/limits.ts';
import { commitEvents, type CommitEventsResult } from '../outbox/commit-events.ts';
import type { Random } from '../core/ports.ts';
import { commit, commitAlone } from '../dynamodb/transaction.ts';
import type { Action } from '../dynamodb/transactor.ts';
import { writeFailed } from '../outbox/write-failed.ts';
import type { Writer } from '../outbox/writer.ts';
import type { Collected } from './collect.ts';
import type { Guard } from './guard.ts';
import type { MarkerPorts } from './marker.ts';
import type { Ending } from './way.ts';

export interface CommitPorts extends MarkerPorts {
  /** Writes emitted events, where there is an outbox. */
  readonly writer?: Writer;
  readonly random: Random;
  /**
   * Tries of one transaction, where each meets a conflict or is throttled.
   *
   * @default - as many as a transaction is given
   */
  readonly maxAttempts?: number;
}

/** What a handler collected, and for which message. */
export interface Effects {
  readonly handled: Handled;
  readonly collected: Collected;
}

/** Guards that are tried, where each was overtaken by something that does not matter to the message. */
const maxGuards = 5;

/**
 * Commits what a handler collected together with a guard, in one transaction with a token of its own: all of
 * it, or, for a message that was handled before, nothing.
 *
 * @throws OutboxError `CONDITION_FAILED` where a condition of the handler's own failed (`facts.index` is
 * the place among its writes); what {@link commitEvents} and the guard throw
 */
export async function commitOnce(
  first: Guard,
  { handled, collected }: Effects,
  ports: CommitPorts,
): Promise<Ending> {
  checkCount(first, { handled, collected });
  let guard = first;
  for (let tried = 1; tried <= maxGuards; tried++) {
    // The guard comes last: what is told of an action by its place is told of the handler's own writes.
    const result = await send([...collected.writes, ...guard.actions], collected, ports);
    if (result.status === 'committed') return 'handled';
    const own = collected.writes.length;
    const judgement = await guard.judge(result.failures.some(({ index }) => index >= own));
    if (judgement.status === 'holds') throw writeFailed(result, collected.writes);
    if (judgement.status !== 'renewed') return judgement.status;
    guard = judgement.guard;
  }
  return 'in-hand';
}

async function send(
  actions: readonly Action[],
  { events, cancel }: Collected,
  { writer, transactor, ...ports }: CommitPorts,
): Promise<CommitEventsResult> {
  const [only, ...more] = actions;
  const isAlone = more.length + events.length + cancel.length === 0;
  if (writer !== undefined && !isAlone) return commitEvents(writer, { actions, events, cancel });
  const result =
    only !== undefined && isAlone
      ? await commitAlone(transactor, only, ports)
      : await commit(transactor, actions, ports);
  return result.status === 'committed'
    ? { ...result, events: [], notCancelled: [] }
    : { ...result, alreadyWritten: [], notDeferred: [] };
}

function checkCount(
  { actions, room = actions.length }: Guard,
  { handled: { eventId }, collected: { writes, events, cancel } }: Effects,
): void {
  const limit = limits.transaction.maxActions - room;
  const count = writes.length + events.length + cancel.length;
  if (count <= limit) return;
  throw new OutboxError(
    'TOO_MANY_ACTIONS',
    `the handler of message ${eventId} collected ${writes.length} writes, ${events.length} events and ${cancel.length} cancellations, a transaction has room for ${limit} beside the inbox's own: ` +
      'emit one event that tells of several changes, or events whose handlers do a part each',
    { facts: { eventId, count, limit } },
  );
}
