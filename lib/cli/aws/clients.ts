import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';

/** How AWS is reached. What is not said is found as the AWS command finds it. */
export interface ClientSettings {
  readonly region?: string;
  readonly profile?: string;
  readonly endpointUrl?: string;
  /**
   * Whether buckets are named in the path and not in the host, as a local AWS wants it.
   *
   * @default - where an `endpointUrl` is given
   */
  readonly pathStyle?: boolean;
}

/** The SDK's clients, as far as the command uses them. */
export interface Clients {
  readonly cloudformation: Pick<CloudFormationClient, 'send'>;
  readonly cloudwatch: Pick<CloudWatchClient, 'send'>;
  readonly dynamodb: DynamoDBClient;
  readonly eventbridge: Pick<EventBridgeClient, 'send'>;
  readonly iam: Pick<IAMClient, 'send'>;
  readonly kms: Pick<KMSClient, 'send'>;
  readonly lambda: Pick<LambdaClient, 'send'>;
  /** Few commands read an archive: its client is loaded when it is wanted. */
  openS3(): Promise<Pick<S3Client, 'send'>>;
  readonly sns: Pick<SNSClient, 'send'>;
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly sts: Pick<STSClient, 'send'>;
}

const connectionTimeoutMs = 5_000;
/** A sweep that somebody waits for may take as long as a function may run. */
const longestInvocationMs = 15 * 60_000;

/**
 * Opens the clients; none of them calls anybody yet.
 *
 * Without `endpointUrl` the SDK itself looks at `AWS_ENDPOINT_URL`. The queues' client takes its host from
 * there and never from a queue's URL: a local run must not reach AWS because a URL says so.
 */
export function openClients({
  endpointUrl,
  pathStyle: forcePathStyle = endpointUrl !== undefined,
  ...rest
}: ClientSettings): Clients {
  const requestHandler = {
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: 30_000,
    throwOnRequestTimeout: true,
  };
  const config = {
    ...rest,
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    requestHandler,
  };
  const patient = { ...requestHandler, requestTimeout: longestInvocationMs };
  return {
    cloudformation: new CloudFormationClient(config),
    cloudwatch: new CloudWatchClient(config),
    dynamodb: new DynamoDBClient(config),
    eventbridge: new EventBridgeClient(config),
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    // Invoking again after a time-out would start a second sweep.
    lambda: new LambdaClient({ ...config, requestHandler: patient, maxAttempts: 2 }),
    openS3: async () => {
      const { S3Client } = await import('@aws-sdk/client-s3');
      return new S3Client({ ...config, forcePathStyle });
    },
    sns: new SNSClient(config),
    sqs: new SQSClient({ ...config, useQueueUrlAsEndpoint: false }),
    sts: new STSClient(config),
  };
}
