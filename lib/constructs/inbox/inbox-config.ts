import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IConstruct } from 'constructs';

import type { InboxConfig } from '../../core/environment.ts';
import { dedupeWindowMs } from './dedupe-window.ts';
import { definedOnly } from '../shared/defaults.ts';
import { orderedConfig } from './inbox-order.ts';
import { originOf } from './inbox-origin.ts';
import type { InboxSettings } from './props.ts';
import type { InboxQueue } from './inbox-queue.ts';

/** What an inbox is made of. */
export interface InboxParts {
  readonly inboxName: string;
  readonly settings: InboxSettings;
  readonly table: ITable;
  readonly waiting: InboxQueue;
}

/** What the functions of an inbox must know. Fails where what was handled would be forgotten too early. */
export function inboxConfig(
  scope: IConstruct,
  { inboxName, settings, table, waiting }: InboxParts,
): InboxConfig {
  const { deadLetterQueue, retention, maxReceiveCount } = waiting;
  return {
    name: inboxName,
    tableName: table.tableName,
    dedupeWindowMs: dedupeWindowMs(scope, {
      dedupeWindow: settings.dedupeWindow,
      origin: originOf(settings.from),
      outboxRetention: settings.outboxRetention,
      queueRetention: retention,
    }),
    deadLetterQueueUrl: deadLetterQueue.queueUrl,
    ...definedOnly({ maxReceiveCount, ordered: orderedConfig(settings, waiting) }),
  };
}
