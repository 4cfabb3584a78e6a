import type { IConstruct } from 'constructs';

import { inboxToEnvironment, type InboxConfig } from '../../core/environment.ts';
import { inboxKeyPrefixes } from '../../table/inbox-rows.ts';
import { claim } from '../shared/claim.ts';
import { definedOnly } from '../shared/defaults.ts';
import type { InboxParts } from './inbox-config.ts';
import { grantReceive, grantSend } from '../shared/secure-queue.ts';
import { grantRows, keysThatBeginWith } from '../shared/table-grants.ts';
import { configureFunction } from '../shared/user-function.ts';

/** What an inbox does to its table: it puts a marker in the handler's transaction, and reads those there are. */
const itemActions = ['GetItem', 'PutItem'];
/** In sequence it also takes out what waited. */
const orderedItemActions = [...itemActions, 'DeleteItem'];

/**
 * Gives the handler its rights and its environment, and has the queue invoke it. Fails if it handles another inbox.
 *
 * An alias or a version is what the queue invokes; its environment is the function's.
 */
export function connectHandler(
  inbox: IConstruct,
  { settings, table, waiting }: InboxParts,
  config: InboxConfig,
): void {
  const { handler } = settings;
  const { queue, deadLetterQueue } = waiting;
  const own = configureFunction(inbox, {
    ...{ role: 'handler', function: handler, environment: inboxToEnvironment(config) },
    imported: 'create the Inbox in the app that defines the function',
  });
  claim(own, {
    name: 'inbox',
    owner: inbox,
    reason: 'a function handles one inbox, which its environment names',
  });
  const isOrdered = config.ordered !== undefined;
  grantRows(table, handler, [
    {
      actions: isOrdered ? orderedItemActions : itemActions,
      keys: keysThatBeginWith(inboxKeyPrefixes(config.name)),
    },
  ]);
  if (isOrdered) grantSend(queue, handler);
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
