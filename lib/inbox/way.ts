import type { MessageLog } from './log.ts';
import type { InboxTransaction } from './collect.ts';
import type { Guard } from './guard.ts';
import type { InboxMessage } from './message.ts';

/** What a handler of messages is: it may be called again for the same message, see the way that calls it. */
export type MessageHandler<Message extends InboxMessage = InboxMessage> = (
  message: Message,
  tx: InboxTransaction,
) => Promise<void> | void;

/** One message on its way to a handler. */
export interface Handling {
  readonly message: InboxMessage;
  /** The queue delivered it before, so it may have been handled. */
  readonly isRedelivered: boolean;
  /** Nobody waits for the answer any more. */
  readonly isLate: () => boolean;
  /** How long the function may still run, in milliseconds; `Infinity` where that is not known. */
  readonly timeLeftMs: () => number;
  /** How long the answer is still waited for, in milliseconds; `Infinity` where that is not known. */
  readonly waitLeftMs: () => number;
  readonly log: MessageLog;
  /** Moves the cursor of the message's aggregate. @default - the inbox is not ordered */
  readonly turn?: Guard;
}

/**
 * How handling a message ended: it has its effects; it had them before; or another worker has it in hand, and it
 * comes again.
 */
export type Ending = 'handled' | 'duplicate' | 'in-hand';
