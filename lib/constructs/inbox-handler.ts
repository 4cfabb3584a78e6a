import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IConstruct } from 'constructs';

import { inboxToEnvironment } from '../contract/environment.ts';
import { claim } from './claim.ts';
import { definedOnly } from './defaults.ts';
import type { InboxQueue } from './inbox-queue.ts';
import type { InboxSettings } from './inbox-props.ts';
import { grantReceive, grantSend } from './secure-queue.ts';
import { grantItems } from './table-grants.ts';

/** What a handler is connected to. */
export interface InboxHandlerProps extends InboxQueue {
  readonly settings: InboxSettings;
  readonly table: ITable;
  readonly inboxName: string;
  readonly dedupeWindowMs: number;
}

/** What an inbox does to its table: it puts a marker in the handler's transaction, and reads those there are. */
const itemActions = ['GetItem', 'PutItem'];

/** Gives the handler its rights and its environment, and has the queue invoke it. Fails if it handles another inbox. */
export function connectHandler(
  inbox: IConstruct,
  { settings, table, inboxName, dedupeWindowMs, ...waiting }: InboxHandlerProps,
): void {
  const { handler } = settings;
  const { queue, deadLetterQueue, maxReceives } = waiting;
  claim(handler, {
    name: 'inbox',
    owner: inbox,
    reason: 'a function handles one inbox, which its environment names',
  });
  const environment = inboxToEnvironment({
    name: inboxName,
    tableName: table.tableName,
    dedupeWindowMs,
    deadLetterQueueUrl: deadLetterQueue.queueUrl,
    ...definedOnly({ maxReceives }),
  });
  for (const [name, value] of Object.entries(environment)) handler.addEnvironment(name, value);
  grantItems(table, handler, itemActions);
  grantSend(deadLetterQueue, handler);
  grantReceive(queue, handler);
  // Below the handler, not the inbox: the stack of the handler then needs the inbox's, and never the other way round.
  handler.addEventSourceMapping('InboxTrigger', {
    eventSourceArn: queue.queueArn,
    reportBatchItemFailures: true,
    batchSize: settings.batchSize,
    ...definedOnly({
      maxBatchingWindow: settings.maxBatchingWindow,
      maxConcurrency: settings.maxConcurrency,
    }),
  });
}
