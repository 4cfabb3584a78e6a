import type { CommitPorts } from './commit-once.ts';
import { handleUnderLease } from './lease-way.ts';
import type { Subscription } from './subscriptions.ts';
import { handleInTransaction } from './transaction-way.ts';
import type { Ending, Handling } from './way.ts';

/**
 * Handles a message once, in the way that its subscription asks for. Throws what the handler throws, and
 * what stands in the way; then the message was not handled, or it is not known whether it was.
 */
export type HandleOnce = (subscription: Subscription, handling: Handling) => Promise<Ending>;

/** Handles each message in the way that its handler was registered with. */
export function handleOnceWith(ports: CommitPorts): HandleOnce {
  return (subscription, handling) =>
    subscription.way === 'lease'
      ? handleUnderLease(subscription, handling, ports)
      : handleInTransaction(subscription.handler, handling, ports);
}
