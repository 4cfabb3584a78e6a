import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

import { createOutboxFunction, type OutboxParts } from '../shared/outbox-function.ts';
import { addRelayTrigger } from './relay-trigger.ts';
import { createQueue } from '../shared/secure-queue.ts';
import { grantItems } from '../shared/table-grants.ts';

/**
 * What the relay does to the table: it looks up holds, writes receipts, waiting rows with the count of
 * their holds, and its lag. It neither deletes nor scans.
 */
const relayActions = ['BatchGetItem', 'BatchWriteItem', 'PutItem', 'UpdateItem'];

/** The function that the table's stream invokes, its trigger, and the queue that tells of batches given up. */
export class Relay extends Construct {
  readonly function: Function;
  /** Says which stretch of the stream was given up. The entries themselves are in the table. */
  readonly onFailureQueue: Queue;

  constructor(scope: Construct, id: string, parts: OutboxParts) {
    super(scope, id);
    const { table, settings } = parts;
    this.function = createOutboxFunction(this, parts, {
      bundle: 'relay',
      description: `Delivers the events of ${settings.source}`,
      memorySize: settings.relayMemorySize,
      timeout: settings.relayTimeout,
      logRetention: settings.relayLogRetention,
    });
    this.onFailureQueue = createQueue(this, 'OnFailureQueue');
    grantItems(table, this.function, relayActions);
    addRelayTrigger(this, {
      table,
      relay: this.function,
      onFailureQueue: this.onFailureQueue,
      settings,
      ordered: parts.destinations.some(({ config }) => config.ordered),
    });
  }
}
