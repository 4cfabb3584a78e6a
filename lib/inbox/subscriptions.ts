import { OutboxError } from '../core/errors.ts';
import type { EventContract } from '../events/event.ts';
import type { Leased } from './lease-way.ts';
import type { MessageHandler } from './way.ts';

/** A type of event and who handles it, and in which way. */
export type Subscription = { readonly definition: EventContract } & (InTransaction | Leased);

interface InTransaction {
  readonly way: 'transaction';
  readonly handler: MessageHandler;
}

/** By type of event. */
export type Subscriptions = ReadonlyMap<string, Subscription>;

const ways: readonly string[] = ['transaction', 'lease'] satisfies Subscription['way'][];

/** @throws OutboxError `HANDLER_DUPLICATE`, and `OPTION_INVALID` where there is no such way */
export function addSubscription(all: Subscriptions, added: Subscription): Subscriptions {
  const { type } = added.definition;
  checkWay(type, added.way);
  if (!all.has(type)) return new Map([...all, [type, added]]);
  throw new OutboxError(
    'HANDLER_DUPLICATE',
    `${type} has a handler already: one inbox handles a message once, so do both things in one handler or use two inboxes`,
    { facts: { type } },
  );
}

/** Plain JavaScript may ask for anything, and what it asks for decides how often a call is made. */
function checkWay(type: string, way: string): void {
  if (ways.includes(way)) return;
  throw new OutboxError(
    'OPTION_INVALID',
    `way of ${type} must be ${ways.join(' or ')}, got ${way}`,
    { facts: { option: 'way', value: way, type } },
  );
}
