import { Token } from 'aws-cdk-lib';
import { CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';

/** What the app says of a queue, with the defaults of SQS. What is known only at deployment is absent. */
export interface QueueDefinition {
  readonly visibilitySeconds?: number;
  readonly retentionSeconds?: number;
}

/**
 * The definition of a queue that the app creates; `undefined` of an imported one, of which nothing is known.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
 */
export function definitionOf(queue: IQueue): QueueDefinition | undefined {
  const resource = queue.node.defaultChild;
  if (!(resource instanceof CfnQueue)) return undefined;
  const { visibilityTimeout = 30, messageRetentionPeriod = 345_600 } = resource;
  return {
    ...(isKnown(visibilityTimeout) ? { visibilitySeconds: visibilityTimeout } : {}),
    ...(isKnown(messageRetentionPeriod) ? { retentionSeconds: messageRetentionPeriod } : {}),
  };
}

/** Whether there is a number, and it is known before deployment. */
export function isKnown(value: number | undefined): value is number {
  return value !== undefined && !Token.isUnresolved(value);
}
