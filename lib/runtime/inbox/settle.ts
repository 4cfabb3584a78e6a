import type { OrderedConfig } from '../../contract/environment.ts';
import { isInvalidMessage, type Message } from '../../contract/message.ts';
import type { CommitPorts } from './commit-once.ts';
import type { SendToDeadLetterQueue } from './dead-letter.ts';
import { outOfTime } from './deadline.ts';
import { failed, rejected, type Delivery, type Outcome, type Rejected } from './delivery.ts';
import { judgeFailure } from './failure.ts';
import type { PutBack } from './ordered/put-back.ts';
import { repeat } from './ordered/repeat.ts';
import { handleInSequence } from './ordered/sequencer.ts';
import { perform, type PerformPorts } from './perform.ts';

/** What settling a delivery takes. */
export interface SettlePorts extends PerformPorts {
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
 */
export async function settle(delivery: Delivery, ports: SettlePorts): Promise<Outcome> {
  try {
    const verdict = await tryToJudge(delivery, ports);
    if (verdict.status !== 'rejected') return verdict;
    if (await wasHandled(delivery, ports)) return { status: 'duplicate' };
    // Nobody waits for it any more: the message is the queue's again, and is judged when it comes again.
    if (ports.isLate()) return failed(outOfTime(delivery.record.messageId));
    await ports.sendToDeadLetterQueue(delivery.record, verdict.rejection);
    return { ...verdict, status: 'dead-lettered' };
  } catch (error) {
    return failed(error);
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

async function tryToJudge(delivery: Delivery, ports: SettlePorts): Promise<Outcome | Rejected> {
  const verdict = await judge(delivery, ports).catch(failed);
  if (verdict.status !== 'failed' || ports.isLate()) return verdict;
  return judgeFailure(verdict, delivery.record, ports.maxReceiveCount);
}

async function judge(delivery: Delivery, ports: SettlePorts): Promise<Outcome | Rejected> {
  const { message } = delivery;
  if (isInvalidMessage(message)) return rejected('MESSAGE_INVALID', message.problem);
  const { sequencing } = ports;
  return sequencing === undefined
    ? perform({ delivery, message }, ports)
    : judgeInSequence(delivery, message, { ...ports, sequencing });
}

function judgeInSequence(
  delivery: Delivery,
  message: Message,
  ports: SettlePorts & { sequencing: Sequencing },
): Promise<Outcome | Rejected> {
  return handleInSequence(delivery, message, {
    ...ports.sequencing,
    perform: (subject, turn) => perform({ ...subject, turn }, ports),
    repeat: (again) => repeat(again, { ...ports.sequencing, subscriptions: ports.subscriptions }),
    isWanted: (type) => ports.subscriptions.has(type),
    observe: ports.observe,
    isLate: ports.isLate,
  });
}
