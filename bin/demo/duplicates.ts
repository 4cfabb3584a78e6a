import { SendMessageCommand } from '@aws-sdk/client-sqs';

import { toMessageJson } from '../../lib/table/message.ts';
import { readOutbox } from './look.ts';
import { placedOf, type Run } from './run.ts';

const orders = 2;
const times = 2;

/** Delivers to the orders service twice more that the run's first orders were placed. Answers with how many messages were sent. */
export async function deliverAgain(run: Run): Promise<number> {
  const { shop, clients, since } = run;
  const first = placedOf(run).slice(0, orders);
  const correlationIds = new Set(first.map(({ correlationId }) => correlationId));
  const { entries } = await readOutbox(clients, shop.orders.outbox, since);
  const messages = entries
    .filter(({ type }) => type === 'order.placed')
    .filter(({ correlationId = '' }) => correlationIds.has(correlationId))
    .flatMap((entry) => Array<string>(times).fill(toMessageJson(entry, 'orders')));
  const QueueUrl = shop.orders.inbox.queueUrl;
  const sent = messages.map((MessageBody) =>
    clients.queues.send(new SendMessageCommand({ QueueUrl, MessageBody })),
  );
  return (await Promise.all(sent)).length;
}
