import { describe, expect, it } from 'vitest';

import { examine } from '../../../lib/cli/doctor/doctor.ts';
import { checkConcurrency, checkConsumers } from '../../../lib/cli/doctor/consumers.ts';
import { inboxToEnvironment, type DestinationConfig } from '../../../lib/core/environment.ts';
import { bus, inboxFunction, queueArn, queueUrl, servicesOf } from '../support/account.ts';
import { awsError, fakeClients, type Answers } from '../support/clients.ts';
import { aSession } from '../support/session.ts';

const queue: DestinationConfig = {
  name: 'queue/Q',
  kind: 'queue',
  target: queueUrl('q'),
  ordered: false,
};
const key = 'arn:aws:kms:eu-west-1:1:key/k';
const mapping = {
  UUID: 'uuid-1',
  State: 'Enabled',
  FunctionArn: 'arn:aws:lambda:eu-west-1:1:function:Billing',
  EventSourceArn: queueArn('q'),
};

interface Consumer {
  readonly mappings?: readonly object[];
  readonly concurrency?: number;
  readonly refused?: string;
  readonly keyState?: string;
  readonly lambda?: Answers;
  /** Environment of the function. @default - that of no inbox */
  readonly environment?: Readonly<Record<string, string>>;
  readonly asked?: Record<string, unknown>[];
}

/** A queue with a key of its own, and the function that reads it. */
function anAccount({
  mappings = [mapping],
  concurrency,
  refused = '',
  keyState = 'Enabled',
  lambda = {},
  environment = {},
  asked = [],
}: Consumer = {}) {
  const account = servicesOf({
    functions: [{ name: 'Billing', environment }],
    queues: [
      { name: 'q', attributes: { QueueArn: queueArn('q'), KmsMasterKeyId: key } },
      { name: 'dead', attributes: { QueueArn: queueArn('dead') } },
    ],
  });
  return {
    ...account,
    lambda: {
      ...account.lambda,
      ListEventSourceMappings: ({ EventSourceArn }: { EventSourceArn?: string }) => ({
        EventSourceMappings: EventSourceArn === queueArn('q') ? mappings : [],
      }),
      GetFunctionConcurrency: () =>
        concurrency === undefined ? {} : { ReservedConcurrentExecutions: concurrency },
      ...lambda,
    },
    kms: { DescribeKey: () => ({ KeyMetadata: { KeyState: keyState } }) },
    iam: {
      SimulatePrincipalPolicy: (input: Record<string, string[]>) => {
        const { ActionNames, ResourceArns } = input;
        asked.push(input);
        return {
          EvaluationResults: ActionNames?.map((EvalActionName) => ({
            EvalActionName,
            EvalResourceName: ResourceArns?.[0],
            EvalDecision: EvalActionName === refused ? 'implicitDeny' : 'allowed',
          })),
        };
      },
    },
    dynamodb: { DescribeTable: () => ({ Table: { TableArn: inboxTableArn } }) },
  };
}

const inboxTableArn = 'arn:aws:dynamodb:eu-west-1:1:table/Inbox';
const inbox = {
  name: 'Billing',
  tableName: 'Inbox',
  dedupeWindowMs: 1,
  deadLetterQueueUrl: queueUrl('dead'),
};
const ordered = {
  ...inbox,
  ordered: { queueUrl: queueUrl('q'), adoptWaitMs: 1, replayWaitMs: 1 },
};

const check = (consumer: Consumer = {}) =>
  checkConsumers(aSession({ services: anAccount(consumer), destinations: [queue] }));

describe('checkConsumers', () => {
  it('finds nothing wrong with a function that reads the queue', async () => {
    expect(await check()).toEqual([
      { severity: 'ok', about: 'consumer of q', what: 'its function reads the queue' },
    ]);
  });

  it.each<[string, Consumer, string, string]>([
    [
      'a disabled event source mapping',
      { mappings: [{ ...mapping, State: 'Disabled', StateTransitionReason: 'USER_INITIATED' }] },
      'event source mapping is disabled (USER_INITIATED): messages expire in the queue',
      'aws lambda update-event-source-mapping --uuid uuid-1 --enabled',
    ],
    [
      'a mapping that is being disabled',
      { mappings: [{ ...mapping, State: 'Disabling' }] },
      'is disabling',
      '--uuid uuid-1 --enabled',
    ],
    [
      'a mapping whose last batch failed',
      { mappings: [{ ...mapping, LastProcessingResult: 'PROBLEM: Function call failed' }] },
      'says PROBLEM: Function call failed',
      'log of Billing',
    ],
    [
      'a reserved concurrency of 0',
      { concurrency: 0 },
      'reserved concurrency is 0',
      'aws lambda delete-function-concurrency --function-name Billing',
    ],
    [
      'a role that may not receive',
      { refused: 'sqs:ReceiveMessage' },
      `may not sqs:ReceiveMessage on ${queueArn('q')}`,
      'deploy the stack',
    ],
    [
      'a role that may not decrypt',
      { refused: 'kms:Decrypt' },
      `may not kms:Decrypt on ${key}`,
      'its own policy must allow it too',
    ],
    ['a disabled key', { keyState: 'Disabled' }, 'it is Disabled', 'aws kms enable-key'],
  ])('tells of %s', async (_, consumer, what, nextStep) => {
    const findings = await check(consumer);

    expect(findings).toMatchObject([{ severity: 'problem' }]);
    expect(findings[0]?.what).toContain(what);
    expect(findings[0]?.nextStep).toContain(nextStep);
  });

  it('does not mind a concurrency that is reserved', async () => {
    expect(await check({ concurrency: 5 })).toMatchObject([{ severity: 'ok' }]);
  });

  it('warns where no function of the account reads the queue', async () => {
    expect(await check({ mappings: [] })).toMatchObject([
      { severity: 'warning', what: expect.stringContaining('no event source mapping') as string },
    ]);
  });

  it('goes on where a part may not be looked at', async () => {
    const lambda = {
      GetFunctionConcurrency: () => {
        throw awsError('AccessDeniedException');
      },
    };

    const findings = await check({ lambda, refused: 'sqs:DeleteMessage' });

    expect(findings.map(({ severity }) => severity)).toEqual(['unknown', 'problem']);
  });

  it.each<[string, DestinationConfig, object]>([
    [
      'a rule of the bus',
      bus,
      {
        eventbridge: {
          DescribeEventBus: () => ({ Arn: bus.target }),
          ListRules: () => ({ Rules: [{ Name: 'r', EventPattern: '{"source":["orders"]}' }] }),
          ListTargetsByRule: () => ({ Targets: [{ Arn: queueArn('q') }] }),
        },
      },
    ],
    [
      'a subscription of the topic',
      { name: 'topic/T', kind: 'topic', target: 'arn:aws:sns:eu-west-1:1:t', ordered: false },
      {
        sns: {
          ListSubscriptionsByTopic: () => ({
            Subscriptions: [{ Protocol: 'sqs', Endpoint: queueArn('q') }, { Protocol: 'email' }],
          }),
        },
      },
    ],
  ])('looks at the queue behind %s', async (_, destination, services) => {
    const session = aSession({
      services: { ...anAccount({ concurrency: 0 }), ...services },
      destinations: [destination],
    });

    expect(await checkConsumers(session)).toMatchObject([
      { severity: 'problem', about: 'function Billing' },
    ]);
  });

  it('checks the inboxes of the stack with any source', async () => {
    const handler = inboxFunction('Shop/Billing');
    const stubs = anAccount({ mappings: [{ ...mapping, State: 'Disabled' }] });
    const account = servicesOf({ functions: [handler] });
    const services = {
      ...stubs,
      lambda: {
        ...stubs.lambda,
        ...account.lambda,
        GetFunctionConcurrency: () => ({}),
        ListEventSourceMappings: () => ({
          EventSourceMappings: [{ ...mapping, State: 'Disabled' }],
        }),
      },
    };
    const session = aSession({ services, destinations: [] });
    const stack = {
      name: 'Shop',
      resources: [
        { logicalId: 'Handler', physicalId: handler.name, type: 'AWS::Lambda::Function' },
      ],
    };

    const findings = await checkConsumers({ ...session, place: { ...session.place, stack } });

    expect(findings).toContainEqual(
      expect.objectContaining({ severity: 'problem', about: 'consumer of q' }),
    );
  });
});

describe('the role of an inbox’s handler', () => {
  it.each([
    ['dynamodb:PutItem', inboxTableArn, inbox],
    ['dynamodb:GetItem', inboxTableArn, inbox],
    ['dynamodb:DeleteItem', inboxTableArn, ordered],
    ['sqs:SendMessage', queueArn('dead'), inbox],
    ['sqs:SendMessage', queueArn('q'), ordered],
  ])('is a problem where it may not %s on %s', async (refused, resource, config) => {
    const findings = await check({ refused, environment: inboxToEnvironment(config) });

    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: 'problem',
        about: 'rights of Billing',
        what: `its role may not ${refused} on ${resource} (implicitDeny)`,
      }),
    );
  });

  it('is asked with the keys of the inbox’s rows, which its policy is limited to', async () => {
    const asked: Record<string, unknown>[] = [];

    await check({ asked, environment: inboxToEnvironment(inbox) });

    const ofTable = asked.filter(({ ResourceArns }) => String(ResourceArns) === inboxTableArn);
    expect(ofTable).toMatchObject([
      {
        ActionNames: ['dynamodb:GetItem', 'dynamodb:PutItem'],
        ContextEntries: [
          {
            ContextKeyName: 'dynamodb:LeadingKeys',
            ContextKeyType: 'stringList',
            ContextKeyValues: ['h#Billing#', 'o#Billing#', 'g#Billing#'],
          },
        ],
      },
    ]);
  });
});

describe('checkConcurrency', () => {
  it.each(['Relay', 'Sweeper'])('is asked of the %s too', async (name) => {
    const lambda = { GetFunctionConcurrency: () => ({ ReservedConcurrentExecutions: 0 }) };

    const findings = await examine(aSession({ services: { lambda }, destinations: [] }));

    expect(findings).toContainEqual(
      expect.objectContaining({ severity: 'problem', about: `function ${name}` }),
    );
    expect(await checkConcurrency(name, fakeClients({ lambda }))).toHaveLength(1);
  });
});
