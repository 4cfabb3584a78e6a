import type { InboxMessage } from '../inbox/message.ts';
import { readKey, readSaga, type AnswerPorts } from './find.ts';
import type { SagaParts } from './parts.ts';

/**
 * Whether a saga may answer an event: always, unless a replay brings it. Then only one that it has missed, as far as
 * that can be told.
 *
 * Its memory of events lasts for the dedupe window. An event that is older than that, and so is its saga, may
 * have been answered by it: it is left alone, since answering twice does harm, such as giving back what was paid for
 * an order that was fulfilled. So is one whose saga is forgotten, unless a replay may start sagas. A deadline is left
 * to the saga, which knows by its id whether it has come.
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
  const answeredFrom = Math.max(saga.startedAt, Date.parse(message.time));
  return ports.clock.now() < answeredFrom + ports.dedupeWindowMs;
}
