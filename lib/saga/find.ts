import { OutboxError } from '../core/errors.ts';
import { nameOfError } from '../core/redact.ts';
import { rowToSaga, sagaKey, type SagaId, type SagaRecord } from '../table/saga.ts';
import type { InboxMessage } from '../inbox/message.ts';
import { reject } from '../inbox/reject.ts';
import type { Transactor } from '../dynamodb/transactor.ts';
import { keyOf } from './key.ts';
import type { SagaParts } from './parts.ts';
import { isForgotten, type SagaPlace } from './write-saga.ts';

/** What answering events takes. */
export interface AnswerPorts extends SagaPlace {
  readonly transactor: Transactor;
}

/**
 * Which saga a message is about; `undefined` where it is none of theirs.
 *
 * @throws OutboxError rejects the message where the saga has no use for its key
 */
export function readKey<State>(parts: SagaParts<State>, message: InboxMessage): string | undefined {
  try {
    return keyOf(parts, message);
  } catch (error) {
    if (OutboxError.is(error)) reject(error.message, { cause: error });
    // Its message may quote the data.
    reject(`the key of saga ${parts.name} threw ${nameOfError(error)} for ${message.type}`);
  }
}

/** The saga as it is by now, read consistently; `undefined` where there is none, or not any more. */
export async function readSaga(
  id: SagaId,
  { transactor, sagaTableName, clock }: AnswerPorts,
): Promise<SagaRecord | undefined> {
  const row = await transactor.get(sagaTableName, { ...sagaKey(id) });
  if (row === undefined) return undefined;
  const record = rowToSaga(row);
  return isForgotten(record, clock.now()) ? undefined : record;
}
