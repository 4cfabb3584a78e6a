import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import type { Clients } from '../../../lib/cli/aws/clients.ts';
import { recordCalls } from '../../support/interfere.ts';
import type { ServiceCall } from './calls.ts';

/** What a service answers to an operation, by the operation's name; it may throw. */
export type Answers = Readonly<Record<string, (input: never) => unknown>>;

/** Services of an account, as far as a test needs them. */
export type Services = Readonly<Partial<Record<Service, Answers>>>;

type Service = Exclude<keyof Clients, 'openS3'> | 's3';

export interface FakeClients extends Clients {
  /** The calls since this was last asked. */
  readonly takeCalls: () => readonly ServiceCall[];
}

/** Clients that answer from tables, and a real one of DynamoDB where it is given; they remember what they were asked. */
export function fakeClients(services: Services, dynamodb?: DynamoDBClient): FakeClients {
  const calls: ServiceCall[] = [];
  const recorded = dynamodb === undefined ? [] : recordCalls(dynamodb);
  const fake = (service: Service) => ({
    send: async (command: object) => {
      const operation = command.constructor.name.replace(/Command$/, '');
      const { input } = command as { input: Record<string, unknown> };
      calls.push({ service, operation, input });
      const answer = services[service]?.[operation];
      if (answer === undefined) throw new Error(`${service} has no answer to ${operation}`);
      return Promise.resolve(answer(input as never));
    },
  });
  return {
    cloudformation: fake('cloudformation') as never,
    cloudwatch: fake('cloudwatch') as never,
    dynamodb: dynamodb ?? (fake('dynamodb') as never),
    eventbridge: fake('eventbridge') as never,
    iam: fake('iam') as never,
    kms: fake('kms') as never,
    lambda: fake('lambda') as never,
    openS3: () => Promise.resolve(fake('s3') as never),
    sns: fake('sns') as never,
    sqs: fake('sqs') as never,
    sts: fake('sts') as never,
    takeCalls: () => [
      ...calls.splice(0),
      ...recorded.splice(0).map(({ command, input }) => ({
        service: 'dynamodb',
        operation: command.replace(/Command$/, ''),
        input: input as Record<string, unknown>,
      })),
    ],
  };
}

/** An error as AWS gives it. */
export function awsError(name: string, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } });
}
