import { sequenceOf, type Message } from '../../table/message.ts';
import { definedOnly } from '../../core/pick.ts';
import { rejected, type Delivery, type Outcome, type Rejected } from '../delivery.ts';
import { isFifo } from '../sqs-event.ts';
import { goOn, type GoOnPorts } from './go-on.ts';
import type { InOrder } from './open-turn.ts';
import { take, type Subject } from './take.ts';

/** What sequencing takes of the invocation that it is part of. */
export interface SequencerPorts extends GoOnPorts {
  /** Whether there is a handler for a type. */
  readonly isWanted: (type: string) => boolean;
}

/** What became of a message, and what to do when that is told: its own time does not count for those that waited. */
export interface Sequenced {
  readonly outcome: Outcome | Rejected;
  /** Goes on with what waits next. Where it throws, the message is to come again and go on. */
  readonly goOn?: (() => Promise<void>) | undefined;
}

/**
 * Handles a message in its aggregate's sequence: the next in line at once; an old one is a duplicate; an early one
 * is kept, and handled as soon as those before it are.
 *
 * Guarantee: each sequence is handled once, after the one before it, or the aggregate stops where it is seen. A
 * message that was acknowledged without being handled waits in the inbox's table. Whoever moves the cursor, or
 * finds it moved, goes on with the next one that waits: in the same run, or by putting it back on the queue.
 */
export async function handleInSequence(
  arrived: Omit<Subject, 'inOrder'>,
  ports: SequencerPorts,
): Promise<Sequenced> {
  const { delivery, message } = arrived;
  const inOrder = orderOf(delivery, message, ports);
  if (inOrder === undefined) return { outcome: withoutSequence(message, ports) };
  const subject = { ...arrived, inOrder };
  const { outcome, cursor } = await take(subject, ports);
  return cursor === undefined ? { outcome } : { outcome, goOn: () => goOn(cursor, subject, ports) };
}

function orderOf(
  { record }: Delivery,
  message: Message,
  { commit }: SequencerPorts,
): InOrder | undefined {
  const sequence = sequenceOf(message) ?? 0;
  if (sequence < 1 || !Number.isSafeInteger(sequence)) return undefined;
  return {
    place: { inbox: commit.config.name, aggregate: message.subject },
    arriving: { sequence, eventId: message.id, ...definedOnly({ replayId: message.replayid }) },
    isFifo: isFifo(record),
  };
}

/** It has no turn. Where nobody wants it, nobody misses it. */
function withoutSequence({ type, skipped }: Message, ports: SequencerPorts): Outcome | Rejected {
  if (skipped === true || !ports.isWanted(type)) return { status: 'passed' };
  return rejected(
    'SEQUENCE_MISSING',
    `${type} has no sequence from 1, and this inbox is ordered: give its events one, or handle them in an inbox that is not`,
  );
}
