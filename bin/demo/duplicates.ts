import { SendMessageCommand } from '@aws-sdk/client-sqs';

import { toMessageJson } from '../../lib/contract/message.ts';
import { readOutbox } from './look.ts';
import type { Run } from './tally.ts';

const copies = 2;

/** Delivers the run's first messages once more to billing and to the warehouse. Answers with how many were sent. */
export async function deliverAgain({ shop, clients, requests, since }: Run): Promise<number> {
  const placed = requests.filter(({ mustFail }) => !mustFail).slice(0, copies);
  const correlationIds = new Set(placed.map(({ correlationId }) => correlationId));
  const { entries } = await readOutbox(clients, shop.orders.outbox, since);
  const messages = entries
    .filter(({ correlationId = '' }) => correlationIds.has(correlationId))
    .map((entry) => toMessageJson(entry, 'orders'));
  const queues = [shop.billing.inbox.queueUrl, shop.warehouse.inbox.queueUrl];
  const sent = queues.flatMap((QueueUrl) =>
    messages.map((MessageBody) =>
      clients.queues.send(new SendMessageCommand({ QueueUrl, MessageBody })),
    ),
  );
  return (await Promise.all(sent)).length;
}
