import type { MessageLog } from './log.ts';
import type { InboxTransaction } from './collect.ts';
import type { InboxMessage } from './message.ts';

/** What a handler of messages is: it may be called again for the same message, see the way that calls it. */
export type MessageHandler<Message extends InboxMessage = InboxMessage> = (
  message: Message,
  tx: InboxTransaction,
) => Promise<void> | void;

/** One message and the handler to call for it. */
export interface Handling {
  readonly message: InboxMessage;
  readonly handler: MessageHandler;
  /** The queue delivered it before, so it may have been handled. */
  readonly isRedelivered: boolean;
  /** Nobody waits for the answer any more: nothing may be written. */
  readonly isLate: () => boolean;
  readonly log: MessageLog;
}

/**
 * A way to handle each message once. Throws what the handler throws, and what stands in the way;
 * then the message was not handled, or it is not known whether it was.
 */
export type HandleOnce = (handling: Handling) => Promise<'handled' | 'duplicate'>;
