import { OutboxError } from '../../contract/error.ts';
import type { EventContract } from '../event/event.ts';
import type { Leased } from './lease/lease-way.ts';
import type { MessageHandler } from './way.ts';

/** A type of event and who handles it, and in which way. */
export type Subscription = { readonly definition: EventContract } & (InTransaction | Leased);

interface InTransaction {
  readonly way: 'transaction';
  readonly handler: MessageHandler;
}

/** By type of event. */
export type Subscriptions = ReadonlyMap<string, Subscription>;

/** @throws OutboxError `HANDLER_DUPLICATE` */
export function addSubscription(all: Subscriptions, added: Subscription): Subscriptions {
  const { type } = added.definition;
  if (!all.has(type)) return new Map([...all, [type, added]]);
  throw new OutboxError(
    'HANDLER_DUPLICATE',
    `${type} has a handler already: one inbox handles a message once, so do both things in one handler or use two inboxes`,
    { facts: { type } },
  );
}
