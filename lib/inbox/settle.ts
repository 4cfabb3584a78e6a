import type { OrderedConfig } from '../core/environment.ts';
import { isInvalidMessage, type Message } from '../table/message.ts';
import type { CommitPorts } from './commit-once.ts';
import type { SendToDeadLetterQueue } from './dead-letter.ts';
import { outOfTime, type Deadline } from './deadline.ts';
import { failed, rejected, type Delivery, type Outcome } from './delivery.ts';
import { judgeFailure } from './failure.ts';
import { inTime, type TimePorts } from './in-time.ts';
import type { PutBack } from './ordered/put-back.ts';
import { repeat } from './ordered/repeat.ts';
import { handleInSequence, type Sequenced } from './ordered/sequencer.ts';
import { perform, type PerformPorts } from './perform.ts';

/** What settling a delivery takes. */
export interface SettlePorts extends PerformPorts, TimePorts {
  readonly sendToDeadLetterQueue: SendToDeadLetterQueue;
  /** Whether a message was handled before. */
  readonly remembers: (message: Message) => Promise<boolean>;
  /** How often the queue delivers a message. @default - not known */
  readonly maxReceiveCount?: number | undefined;
  /** @default - messages are handled in whatever order they come */
  readonly sequencing?: Sequencing;
  /** Told of messages that were handled along with one that was delivered. */
  readonly observe: (delivery: Delivery, outcome: Outcome) => void;
}

/** What handling each aggregate's messages in sequence takes. */
export interface Sequencing {
  readonly commit: CommitPorts;
  readonly ordered: OrderedConfig;
  readonly putBack: PutBack;
}

/**
 * Handles one delivery, whatever it holds, and says what became of it. Never throws: an error gives the
 * message back to the queue. One that can never succeed goes to the dead-letter queue at once, with the reason; and
 * so does what fails by a name of its own on its last receive.
 *
 * In an ordered inbox it then goes on with what waits next. That has no say in what became of the delivery, except
 * where it cannot even be put back on the queue: then the delivery is given back, to go on when it comes again.
 */
export async function settle(delivery: Delivery, ports: SettlePorts): Promise<Outcome> {
  const work = (deadline: Deadline): Promise<Settled> => settleOne({ delivery, deadline }, ports);
  const { outcome, goOn }: Settled = await inTime(delivery, work, ports);
  try {
    await goOn?.();
    return outcome;
  } catch (error) {
    return failed(error);
  }
}

/** A delivery, and the time that it has. */
interface Timed {
  readonly delivery: Delivery;
  readonly deadline: Deadline;
}

interface Settled extends Sequenced {
  readonly outcome: Outcome;
}

async function settleOne(timed: Timed, ports: SettlePorts): Promise<Settled> {
  const { delivery, deadline } = timed;
  try {
    const { outcome, goOn } = await tryToJudge(timed, ports);
    if (outcome.status !== 'rejected') return { outcome, goOn };
    if (await wasHandled(delivery, ports)) return { outcome: { status: 'duplicate' } };
    // Nobody waits for it any more: the message is the queue's again, and is judged when it comes again.
    if (deadline.hasPassed()) return { outcome: failed(outOfTime(delivery.record.messageId)) };
    await ports.sendToDeadLetterQueue(delivery.record, outcome.rejection);
    return { outcome: { ...outcome, status: 'dead-lettered' } };
  } catch (error) {
    return { outcome: failed(error) };
  }
}

/**
 * Whether what is refused is a copy of what was handled: its handler may have refused it for what it did itself, and
 * a schema may have become stricter since. An ordered inbox asks its cursor first, before anything is judged.
 */
async function wasHandled(
  { message }: Delivery,
  { sequencing, remembers }: SettlePorts,
): Promise<boolean> {
  return !isInvalidMessage(message) && sequencing === undefined && remembers(message);
}

async function tryToJudge(timed: Timed, ports: SettlePorts): Promise<Sequenced> {
  const { delivery, deadline } = timed;
  const verdict = await judge(timed, ports).catch((error: unknown) => ({ outcome: failed(error) }));
  const { outcome } = verdict;
  if (outcome.status !== 'failed' || deadline.hasPassed()) return verdict;
  return { outcome: judgeFailure(outcome, delivery.record, ports.maxReceiveCount) };
}

async function judge(timed: Timed, ports: SettlePorts): Promise<Sequenced> {
  const { message } = timed.delivery;
  if (isInvalidMessage(message)) {
    return { outcome: rejected(message.code ?? 'MESSAGE_INVALID', message.problem) };
  }
  const { sequencing } = ports;
  return sequencing === undefined
    ? { outcome: await perform({ ...timed, message }, ports) }
    : judgeInSequence({ ...timed, message }, { ...ports, sequencing });
}

function judgeInSequence(
  arrived: Timed & { readonly message: Message },
  ports: SettlePorts & { readonly sequencing: Sequencing },
): Promise<Sequenced> {
  return handleInSequence(arrived, {
    ...ports.sequencing,
    perform: (subject, turn) => perform({ ...subject, turn }, ports),
    repeat: (again) => repeat(again, { ...ports.sequencing, subscriptions: ports.subscriptions }),
    isWanted: (type) => ports.subscriptions.has(type),
    observe: ports.observe,
    deadline: ports.deadline,
    clock: ports.clock,
    handlerTimeoutMs: ports.handlerTimeoutMs,
  });
}
