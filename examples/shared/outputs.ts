import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { Inbox, Outbox } from 'cdk-outbox';

/** Tells where an outbox can be looked into. */
export function outputOutbox(stack: Stack, outbox: Outbox): void {
  new CfnOutput(stack, 'OutboxTable', { value: outbox.table.tableName });
  new CfnOutput(stack, 'OutboxShards', {
    value: outbox.writerEnvironment['OUTBOX_SHARDS'] ?? '',
  });
}

/** Tells where an inbox can be looked into: its table and its queues. */
export function outputInbox(stack: Stack, inbox: Inbox): void {
  new CfnOutput(stack, 'InboxTable', { value: inbox.table.tableName });
  new CfnOutput(stack, 'InboxQueueUrl', { value: inbox.queue.queueUrl });
  new CfnOutput(stack, 'InboxDeadLetterQueueUrl', { value: inbox.deadLetterQueue.queueUrl });
}
