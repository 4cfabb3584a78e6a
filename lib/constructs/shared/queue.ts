import { Duration, Token } from 'aws-cdk-lib';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  CfnQueue,
  Queue,
  QueueEncryption,
  type IQueue,
  type QueueProps,
} from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

import { definedOnly } from './check.ts';

/** How long a queue can keep a message at most. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const maxQueueRetention = Duration.days(14);

/** What differs from queue to queue. */
export interface SecureQueueProps extends Pick<
  QueueProps,
  'retentionPeriod' | 'visibilityTimeout' | 'deadLetterQueue'
> {
  readonly fifo?: boolean;
  /** @default - a key that SQS owns */
  readonly encryptionKey?: IKey | undefined;
}

/** A queue that is encrypted and refuses plain HTTP. Keeps messages 14 days unless told otherwise. */
export function createQueue(
  scope: Construct,
  id: string,
  { fifo, encryptionKey, ...props }: SecureQueueProps = {},
): Queue {
  return new Queue(scope, id, {
    retentionPeriod: maxQueueRetention,
    ...props,
    // Left out for a standard queue: CloudFormation refuses a literal false.
    ...(fifo === true ? { fifo } : {}),
    encryption: encryptionKey === undefined ? QueueEncryption.SQS_MANAGED : QueueEncryption.KMS,
    ...definedOnly({ encryptionMasterKey: encryptionKey }),
    enforceSSL: true,
  });
}

/** Messages that wait in the queue: the highest of 5 minutes. */
export function metricDepth(queue: IQueue, props: MetricOptions = {}): Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', ...props });
}

/** Lets a role send to the queue, and do nothing else. */
export function grantSend(queue: IQueue, grantee: IGrantable): Grant {
  queue.encryptionMasterKey?.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey');
  return Grant.addToPrincipal({
    grantee,
    actions: ['sqs:SendMessage'],
    resourceArns: [queue.queueArn],
  });
}

/** Lets a function's trigger receive from the queue. */
export function grantReceive(queue: IQueue, grantee: IGrantable): Grant {
  queue.encryptionMasterKey?.grant(grantee, 'kms:Decrypt');
  return Grant.addToPrincipal({
    grantee,
    actions: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
    resourceArns: [queue.queueArn],
  });
}

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
