import { bufferedToRow, type Buffered } from '../../table/ordered.ts';
import { OutboxError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { messageToText, type Message } from '../../table/message.ts';
import { definedOnly } from '../../core/pick.ts';
import { itemBytes } from '../../dynamodb/item-size.ts';
import { readBuffered, store, type CursorChange, type Stored } from './history.ts';
import type { InOrder, TurnPorts } from './open-turn.ts';
import type { PutBack } from './put-back.ts';

/** A message that came early. */
export interface Early {
  readonly message: Message;
  /** Its group in the queue, where it had one. */
  readonly group: string | undefined;
  readonly inOrder: InOrder;
}

export interface KeepPorts extends TurnPorts {
  readonly putBack: PutBack;
}

/** How long a message that is not kept goes round the queue before it is looked at again. */
export const roundSeconds = 60;

/**
 * Keeps a message that came early, in the inbox's table. The queue may forget it then.
 *
 * A replayed copy of what waits does not take its place: its handler has not seen it yet.
 *
 * One that does not fit into a row (400 KB) is only noted there. It goes round the queue instead: it is put back with
 * a delay of a minute until its turn has come, each time as a new message, so that no receive counts.
 *
 * @throws OutboxError `MESSAGE_TOO_LARGE` for such a message of a FIFO queue, which delays none: the queue's own
 * retries and dead-letter rules apply to it
 */
export async function keep(
  { message, group, inOrder }: Early,
  change: CursorChange,
  ports: KeepPorts,
): Promise<Stored> {
  const { sequence, eventId } = inOrder.arriving;
  const storedAt = ports.commit.clock.now();
  const noted: Buffered = { sequence, eventId, ...definedOnly({ group }), storedAt };
  const buffered = { ...noted, message: messageToText(message) };
  if (await isReplayOfWaiting(inOrder, ports)) return store(change, undefined, ports.commit);
  const bytes = itemBytes(bufferedToRow(inOrder.place, buffered));
  if (bytes <= limits.table.maxItemBytes) return store(change, buffered, ports.commit);
  if (inOrder.isFifo) throw tooLarge(eventId, bytes);
  const stored = await store(change, noted, ports.commit);
  if (stored === 'stored') await goRound({ message, group, inOrder }, roundSeconds, ports);
  return stored;
}

async function isReplayOfWaiting(
  { place, arriving }: InOrder,
  { commit }: KeepPorts,
): Promise<boolean> {
  if (arriving.replayId === undefined) return false;
  const waiting = await readBuffered(place, arriving.sequence, commit);
  // One that goes round the queue is only noted: this may be it.
  return waiting?.message !== undefined && waiting.eventId === arriving.eventId;
}

/**
 * Puts a message back on its queue with a delay, in place of keeping it: as a new message, so that no receive counts.
 * A FIFO queue cannot.
 */
export async function goRound(
  { message, group }: Early,
  delaySeconds: number,
  { putBack }: KeepPorts,
): Promise<void> {
  const text = messageToText(message);
  await putBack({ message: text, ...definedOnly({ group }) }, delaySeconds);
}

function tooLarge(eventId: string, bytes: number): OutboxError {
  const limit = limits.table.maxItemBytes;
  return new OutboxError(
    'MESSAGE_TOO_LARGE',
    `message ${eventId} came before its turn and has ${bytes} bytes, a row that keeps it at most ${limit}: it is given back to the queue. ` +
      'Keep large data in S3 and its place in the event',
    { facts: { eventId, bytes, limit } },
  );
}
