import {
  inboxToEnvironment,
  relayToEnvironment,
  type DestinationConfig,
} from '../../../lib/core/environment.ts';
import { retentionMs } from '../../support/entries.ts';
import { awsError, type Services } from './clients.ts';

/** A function of the package in an account. */
export interface FakeFunction {
  readonly name: string;
  readonly stack?: string;
  /** Path of its construct. */
  readonly path?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** When it was deployed, as Lambda writes it. */
  readonly lastModified?: string;
}

/** A queue in an account. */
export interface FakeQueue {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly stack?: string;
  readonly path?: string;
}

export interface FakeAccount {
  readonly functions?: readonly FakeFunction[];
  readonly queues?: readonly FakeQueue[];
  /** Triggers by the name of their function, as Lambda lists them. */
  readonly triggers?: Readonly<Record<string, readonly object[]>>;
  /** Age of the oldest message by queue, in seconds, as CloudWatch measured it. */
  readonly ages?: Readonly<Record<string, number>>;
}

export const bus: DestinationConfig = {
  name: 'bus/Bus',
  kind: 'bus',
  target: 'arn:aws:events:eu-west-1:1:event-bus/shop',
  ordered: false,
};

export function queueUrl(name: string): string {
  return `https://sqs.eu-west-1.amazonaws.com/1/${name}`;
}

export function queueArn(name: string): string {
  return `arn:aws:sqs:eu-west-1:1:${name}`;
}

/** The functions of an outbox, as its construct deploys them. */
export function outboxFunctions(
  tableName: string,
  {
    stack = 'Shop',
    destinations = [bus],
  }: { stack?: string; destinations?: readonly DestinationConfig[] } = {},
): FakeFunction[] {
  const config = {
    tableName,
    shards: 4,
    retentionMs,
    source: 'orders',
    destinations,
    maxAttempts: 5,
    path: `${stack}/Outbox`,
  };
  const environment = relayToEnvironment(config, JSON.stringify);
  return ['Relay', 'Sweeper'].map((part) => ({
    name: `${stack}-${part}Function`,
    stack,
    path: `${stack}/Outbox/${part}/Function`,
    environment,
  }));
}

export function inboxFunction(name: string, stack = 'Shop'): FakeFunction {
  const environment = inboxToEnvironment({
    name,
    tableName: `${stack}-Inbox`,
    dedupeWindowMs: 1,
    deadLetterQueueUrl: queueUrl(`${stack}-DeadLetters`),
  });
  return { name: `${stack}-Handler`, stack, path: `${stack}/Handler`, environment };
}

/** What Lambda, CloudFormation, SQS and STS answer in an account. */
export function servicesOf(account: FakeAccount): Services {
  return {
    lambda: lambdaOf(account),
    cloudformation: cloudformationOf(account),
    sqs: sqsOf(account),
    cloudwatch: cloudwatchOf(account),
    sts: { GetCallerIdentity: () => ({ Arn: 'arn:aws:iam::1:user/ann' }) },
  };
}

function lambdaOf({ functions = [], triggers = {} }: FakeAccount) {
  const describe = ({ name, environment, lastModified }: FakeFunction) => ({
    ...(lastModified === undefined ? {} : { LastModified: lastModified }),
    FunctionName: name,
    Environment: { Variables: environment },
    Role: `arn:aws:iam::1:role/${name}`,
  });
  return {
    ListFunctions: ({ Marker }: { Marker?: string }) => {
      const at = Number(Marker ?? 0);
      const next = at + 1 < functions.length ? { NextMarker: String(at + 1) } : {};
      return { Functions: functions.slice(at, at + 1).map(describe), ...next };
    },
    GetFunctionConfiguration: ({ FunctionName }: { FunctionName: string }) => {
      const found = functions.find(({ name }) => name === FunctionName);
      if (found === undefined) throw awsError('ResourceNotFoundException');
      return describe(found);
    },
    ListEventSourceMappings: ({ FunctionName }: { FunctionName: string }) => ({
      EventSourceMappings: triggers[FunctionName] ?? [],
    }),
  };
}

interface FakeResource {
  readonly id: string;
  readonly type: string;
  readonly stack: string;
  readonly path: string;
  readonly properties: object;
}

function cloudformationOf({ functions = [], queues = [] }: FakeAccount) {
  const resources: FakeResource[] = [
    ...functions.map(({ name, stack = '', path = '', environment }) => ({
      id: name,
      type: 'AWS::Lambda::Function',
      stack,
      path,
      properties: { Environment: { Variables: environment } },
    })),
    ...queues.map(({ name, stack = '', path = '' }) => ({
      id: queueUrl(name),
      type: 'AWS::SQS::Queue',
      stack,
      path,
      properties: {},
    })),
  ].filter(({ stack }) => stack !== '');
  const of = (stack: string): FakeResource[] => {
    const found = resources.filter((resource) => resource.stack === stack);
    if (found.length === 0)
      throw awsError('ValidationError', `Stack with id ${stack} does not exist`);
    return found;
  };
  const logicalId = ({ path }: FakeResource): string => path.replaceAll('/', '');
  return {
    DescribeStackResources: ({ PhysicalResourceId }: { PhysicalResourceId: string }) => {
      const found = resources.find(({ id }) => id === PhysicalResourceId);
      if (found === undefined) throw awsError('ValidationError', 'Stack for it does not exist');
      return { StackResources: [{ StackName: found.stack }] };
    },
    ListStackResources: ({ StackName, NextToken }: { StackName: string; NextToken?: string }) => {
      const all = of(StackName);
      const at = Number(NextToken ?? 0);
      const next = at + 1 < all.length ? { NextToken: String(at + 1) } : {};
      const summaries = all.slice(at, at + 1).map((resource) => ({
        LogicalResourceId: logicalId(resource),
        PhysicalResourceId: resource.id,
        ResourceType: resource.type,
      }));
      return { StackResourceSummaries: summaries, ...next };
    },
    ListStacks: ({ NextToken }: { NextToken?: string }) => {
      const names = [...new Set(resources.map(({ stack }) => stack))];
      const at = Number(NextToken ?? 0);
      const next = at + 1 < names.length ? { NextToken: String(at + 1) } : {};
      return {
        StackSummaries: names.slice(at, at + 1).map((StackName) => ({ StackName })),
        ...next,
      };
    },
    GetTemplate: ({ StackName }: { StackName: string }) => ({
      TemplateBody: JSON.stringify({
        Resources: Object.fromEntries(
          of(StackName).map((resource) => [
            logicalId(resource),
            {
              Properties: resource.properties,
              Metadata: { 'aws:cdk:path': `${resource.path}/Resource` },
            },
          ]),
        ),
      }),
    }),
  };
}

interface MetricQuery {
  readonly Id: string;
  readonly MetricStat: { readonly Metric: { readonly Dimensions: readonly { Value: string }[] } };
}

function cloudwatchOf({ ages = {} }: FakeAccount) {
  return {
    GetMetricData: ({ MetricDataQueries }: { MetricDataQueries: readonly MetricQuery[] }) => ({
      MetricDataResults: MetricDataQueries.map(({ Id, MetricStat: { Metric } }) => {
        const age = ages[Metric.Dimensions[0]?.Value ?? ''];
        return { Id, Values: age === undefined ? [] : [age] };
      }),
    }),
  };
}

function sqsOf({ queues = [] }: FakeAccount) {
  const find = (name: string): FakeQueue => {
    const found = queues.find((queue) => queue.name === name);
    if (found === undefined) throw awsError('QueueDoesNotExist');
    return found;
  };
  return {
    GetQueueUrl: ({ QueueName }: { QueueName: string }) => ({
      QueueUrl: queueUrl(find(QueueName).name),
    }),
    ListQueues: () => ({ QueueUrls: queues.map(({ name }) => queueUrl(name)) }),
    GetQueueAttributes: ({ QueueUrl }: { QueueUrl: string }) => ({
      Attributes: find(QueueUrl.slice(queueUrl('').length)).attributes ?? {},
    }),
  };
}
