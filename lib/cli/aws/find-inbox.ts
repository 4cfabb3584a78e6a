import { OutboxError } from '../../core/errors.ts';
import { didYouMean, findNamed } from '../names.ts';
import type { Clients } from './clients.ts';
import { functionsOf } from './find-outbox.ts';
import { listFunctions } from './functions.ts';
import type { InboxPlace } from './place.ts';
import { inboxesOf } from './places.ts';
import { readStack } from './stack.ts';
import { triggersOf } from './triggers.ts';

type InboxServices = Pick<Clients, 'cloudformation' | 'lambda'>;

/** The inboxes of a stack, or of the region, by name. */
export async function listInboxes(
  stackName: string | undefined,
  clients: InboxServices,
): Promise<InboxPlace[]> {
  const functions = await (stackName === undefined
    ? listFunctions(clients)
    : readStack(stackName, clients).then((stack) => functionsOf(stack, clients)));
  return inboxesOf(functions).toSorted((a, b) => a.name.localeCompare(b.name));
}

/**
 * The inbox of a name, or of the end of one, in upper or lower case: `Billing` for `ShopBilling/Billing`.
 *
 * @throws OutboxError `OUTBOX_NOT_FOUND`, with the nearest name; `OUTBOX_AMBIGUOUS`, with all of them
 */
export async function findInbox(
  name: string,
  stackName: string | undefined,
  clients: InboxServices,
): Promise<InboxPlace> {
  const inboxes = await listInboxes(stackName, clients);
  const meant = findNamed(name, inboxes, (inbox) => [inbox.name]);
  const [inbox, another] = meant;
  if (inbox === undefined) throw inboxNotFound(name, inboxes);
  if (another !== undefined) throw inboxAmbiguous(name, meant);
  return inbox;
}

/** ARN of the queue that an inbox's handler is fed from; `undefined` where it has no trigger, or several. */
export async function queueOf(
  { handler }: InboxPlace,
  clients: InboxServices,
): Promise<string | undefined> {
  const triggers = await triggersOf(handler, clients);
  const queues = triggers.map(({ EventSourceArn }) => EventSourceArn ?? '');
  const [queue, another] = queues.filter((arn) => arn.includes(':sqs:'));
  return another === undefined ? queue : undefined;
}

function inboxNotFound(name: string, inboxes: readonly InboxPlace[]): OutboxError {
  const names = inboxes.map((inbox) => inbox.name);
  const known = names.length === 0 ? 'There is none here.' : `There are ${names.join(', ')}.`;
  return new OutboxError(
    'OUTBOX_NOT_FOUND',
    `there is no inbox ${name}.${didYouMean(name, names)} ${known}`,
    { facts: { inbox: name, found: names } },
  );
}

function inboxAmbiguous(name: string, found: readonly InboxPlace[]): OutboxError {
  const names = found.map((inbox) => `${inbox.name} (handled by ${inbox.handler})`);
  return new OutboxError(
    'OUTBOX_AMBIGUOUS',
    `there are ${found.length} inboxes ${name}: ${names.join(', ')}. Say which stack with --stack`,
    { facts: { inbox: name, found: names } },
  );
}
