import { OutboxError } from '../core/errors.ts';
import { definedOnly } from '../core/pick.ts';
import type { SagaRecord } from '../table/saga.ts';
import type { InboxTransaction } from '../inbox/collect.ts';
import type { InboxMessage } from '../inbox/message.ts';
import { readKey, readSaga, type AnswerPorts } from './find.ts';
import type { SagaParts } from './parts.ts';
import { checkState, readStored } from './stored.ts';
import type { SagaOutcome, SagaTransition } from './outcome.ts';
import { transition } from './transition.ts';
import { writeSaga } from './write-saga.ts';

/** What became of an event: of which saga, and whether its row is the first of the handler's writes. */
export interface Answer {
  readonly outcome: SagaOutcome | 'foreign';
  readonly key?: string;
  readonly status?: SagaRecord['status'];
  readonly isWritten: boolean;
}

/**
 * Answers an event for its saga: reads the saga, has its handler answer, and puts what comes of it into the
 * transaction, first of all the saga's row, on condition that it is as it was read.
 */
export async function answer<State>(
  parts: SagaParts<State>,
  { message, tx }: { readonly message: InboxMessage; readonly tx: InboxTransaction },
  ports: AnswerPorts,
): Promise<Answer> {
  const key = readKey(parts, message);
  if (key === undefined) return { outcome: 'foreign', isWritten: false };
  const before = await readSaga({ saga: parts.name, key }, ports);
  const snapshot = before && (await readStored(before, parts));
  const result = transition(parts, { key, before: snapshot, event: message });
  const { outcome, saga } = result;
  if (outcome === 'unknown' && !parts.ignored.has(message.type)) throw noSaga(parts, key, message);
  const isWritten = saga !== undefined && changing.includes(outcome);
  if (isWritten) {
    await checkState(saga.state, key, parts);
    writeSaga({ parts, before, event: message, result, saga }, tx, ports);
  }
  collect(result, tx);
  return { outcome, key, isWritten, ...definedOnly({ status: saga?.status }) };
}

const changing: readonly SagaOutcome[] = ['started', 'changed'];

function collect({ writes, emits }: SagaTransition, tx: InboxTransaction): void {
  for (const { Put, Update, Delete, ConditionCheck } of writes) {
    if (Put !== undefined) tx.put(Put);
    if (Update !== undefined) tx.update(Update);
    if (Delete !== undefined) tx.delete(Delete);
    if (ConditionCheck !== undefined) tx.check(ConditionCheck);
  }
  // An inbox without an outbox may have sagas that emit nothing.
  if (emits.length > 0) tx.emit(...emits);
}

function noSaga<State>(
  { name }: SagaParts<State>,
  key: string,
  { id, type }: InboxMessage,
): OutboxError {
  return new OutboxError(
    'SAGA_UNKNOWN',
    `there is no saga ${name} ${key} to answer ${type} ${id}: it goes back to the queue, since the event that starts it may be on its way. ` +
      "Where such events are none of the saga's affair, give .on(…) the option unknown: 'ignore', or a key that returns undefined",
    { facts: { saga: name, key, type, eventId: id } },
  );
}
