import { ownLimits } from '../core/limits.ts';
import type { SagaRecord } from '../table/saga.ts';
import type { InboxMessage } from '../inbox/message.ts';
import { readKey, readSaga, type AnswerPorts } from './find.ts';
import type { SagaParts } from './parts.ts';

/**
 * Whether a saga may answer an event: always, unless a replay brings it. Then only one that it has missed, as far as
 * that can be told.
 *
 * Its memory of events lasts for the dedupe window. An event that is older than that may have been answered, by it or
 * by an earlier saga of its key: it is left alone, since answering twice does harm, such as giving back what was paid
 * for an order that was fulfilled. The window counts from an hour before the event's time, since the clock of whoever
 * made it may have been that far ahead. Where a replay may start sagas, a saga's start counts instead, if that is
 * later: it has answered nothing before. So is an event left alone whose saga is forgotten, unless a replay may start
 * sagas. A deadline is left to the saga, which knows by its id whether it has come.
 */
export async function mayHaveMissed<State>(
  parts: SagaParts<State>,
  message: InboxMessage,
  ports: AnswerPorts,
): Promise<boolean> {
  if (message.replayId === undefined || message.type === parts.deadline.type) return true;
  const key = readKey(parts, message);
  if (key === undefined) return true;
  const saga = await readSaga({ saga: parts.name, key }, ports);
  if (saga === undefined) return parts.startsOnReplay;
  return ports.clock.now() < answeredFrom(parts, saga, message) + ports.dedupeWindowMs;
}

/** The earliest moment at which the event may have been answered. Epoch milliseconds. */
function answeredFrom<State>(
  { startsOnReplay }: SagaParts<State>,
  { startedAt }: SagaRecord,
  { time }: InboxMessage,
): number {
  const madeFrom = Date.parse(time) - ownLimits.maxEventAgeMs;
  return startsOnReplay ? Math.max(startedAt, madeFrom) : madeFrom;
}
