import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { GetFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';

import type { DestinationConfig } from '../../core/environment.ts';
import { inboxKeyPrefixes } from '../../table/inbox.ts';
import type { Clients } from '../aws/clients.ts';
import { queueOf, functionsOf, inboxesOf, type InboxPlace } from '../aws/find.ts';
import {
  describeFunction,
  functionNameOf,
  mappingsOfQueue,
  type Trigger,
} from '../aws/functions.ts';
import { attributesOf, nameOfQueue, urlOfQueue, type QueueAttributes } from '../aws/queues.ts';
import type { Session } from '../session.ts';
import { queuesOfBus } from './bus.ts';
import { ok, orUnknown, problem, seek, warning, type Finding } from './finding.ts';
import { checkKey, checkRole, keyActions, type Right } from './rights.ts';

type Services = Pick<Clients, 'dynamodb' | 'iam' | 'kms' | 'lambda' | 'sqs'>;

/**
 * The functions that read the queues behind the outbox can work: their event source mappings, their concurrency, their
 * roles and the queues' keys. Where they stand still, messages expire in the queue and reach no dead-letter queue.
 */
export async function checkConsumers(session: Session): Promise<Finding[]> {
  const { place, clients } = session;
  const destinations = place.config?.destinations ?? [];
  const found = await Promise.all([
    ...destinations.map((destination) => findQueues(destination, session)),
    queuesOfInboxes(session),
  ]);
  const unseen = found.flatMap(({ findings }) => findings);
  const queues = new Set(found.flatMap((one) => one.found ?? []));
  const checked = await Promise.all(
    [...queues].map((queue) =>
      orUnknown(`consumer of ${nameOfQueue(queue)}`, () => checkConsumer(queue, clients)),
    ),
  );
  return [...unseen, ...checked.flat()];
}

type FoundQueues = Awaited<ReturnType<typeof seek<string[]>>>;

/** ARNs of the queues behind a destination. One that is gone is told by its own check. */
async function findQueues(destination: DestinationConfig, session: Session): Promise<FoundQueues> {
  return seek(`consumers of ${destination.name}`, async () => {
    switch (destination.kind) {
      case 'bus':
        return queuesOfBus(destination, session);
      case 'queue': {
        const { QueueArn = '' } = await attributesOf(destination.target, session.clients, [
          'QueueArn',
        ]);
        return [QueueArn];
      }
      case 'topic': {
        const { Subscriptions = [] } = await session.clients.sns.send(
          new ListSubscriptionsByTopicCommand({ TopicArn: destination.target }),
        );
        return Subscriptions.filter(({ Protocol }) => Protocol === 'sqs').map(
          ({ Endpoint = '' }) => Endpoint,
        );
      }
    }
  });
}

/** The queues of the inboxes in the outbox's stack, from any source. */
async function queuesOfInboxes({ place: { stack }, clients }: Session): Promise<FoundQueues> {
  if (stack === undefined) return { findings: [] };
  return seek('inboxes', async () => {
    const inboxes = inboxesOf(await functionsOf(stack, clients));
    const queues = await Promise.all(inboxes.map((inbox) => queueOf(inbox, clients)));
    return queues.filter((queue) => queue !== undefined);
  });
}

async function checkConsumer(queueArn: string, clients: Services): Promise<Finding[]> {
  const name = nameOfQueue(queueArn);
  const about = `consumer of ${name}`;
  const attributes = await attributesOf(await urlOfQueue(queueArn, clients), clients, [
    'KmsMasterKeyId',
    'ApproximateNumberOfMessages',
  ]);
  const key = ownKeyOf(attributes);
  const mappings = await mappingsOfQueue(queueArn, clients);
  const parts = [
    ...(key === undefined ? [] : [() => checkKey(key, clients)]),
    ...mappings.map((mapping) => () => Promise.resolve(judgeMapping(name, mapping))),
    ...mappings.map(
      ({ FunctionArn = '' }) =>
        () =>
          checkFunction(functionNameOf(FunctionArn), { queueArn, key, clients }),
    ),
  ];
  const found = await Promise.all(parts.map((part) => orUnknown(about, part)));
  const findings = [...(mappings.length === 0 ? [noMapping(name)] : []), ...found.flat()];
  return findings.some(({ severity }) => severity !== 'ok')
    ? findings.filter(({ severity }) => severity !== 'ok')
    : [ok(about, 'its function reads the queue')];
}

function noMapping(queue: string): Finding {
  return warning(
    `consumer of ${queue}`,
    'no event source mapping of this account reads the queue: without another consumer its messages expire',
    'deploy the Inbox again, unless something else polls the queue',
  );
}

/** Whether an event source mapping invokes its function. */
function judgeMapping(queue: string, mapping: Trigger): Finding[] {
  const {
    UUID = '',
    State = 'unknown',
    StateTransitionReason,
    LastProcessingResult = '',
  } = mapping;
  const about = `consumer of ${queue}`;
  const why = StateTransitionReason === undefined ? '' : ` (${StateTransitionReason})`;
  if (State.startsWith('Disabl')) {
    return [
      problem(
        about,
        `its event source mapping is ${State.toLowerCase()}${why}: messages expire in the queue`,
        `aws lambda update-event-source-mapping --uuid ${UUID} --enabled`,
      ),
    ];
  }
  if (!LastProcessingResult.startsWith('PROBLEM')) return [];
  return [
    problem(
      about,
      `its event source mapping says ${LastProcessingResult}`,
      `look into the log of ${functionNameOf(mapping.FunctionArn ?? '')}, and at its role and keys`,
    ),
  ];
}

interface Reader {
  readonly queueArn: string;
  /** The customer's key of the queue. */
  readonly key: string | undefined;
  readonly clients: Services;
}

const tableActions = ['dynamodb:GetItem', 'dynamodb:PutItem'];
const receiveActions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

async function checkFunction(name: string, { queueArn, key, clients }: Reader): Promise<Finding[]> {
  const handler = await describeFunction(name, clients);
  const { role, kmsKey } = handler;
  const about = `rights of ${name}`;
  const ofInboxes = await Promise.all(
    inboxesOf([handler]).flatMap((inbox) => [
      seek(`rights of ${name} to its inbox table`, () => rightToTable(inbox, clients)),
      seek(`rights of ${name} to its dead-letter queue`, () => rightToDeadLetters(inbox, clients)),
    ]),
  );
  const rights: Right[] = [
    { actions: receiveActions, resource: queueArn },
    ...(key === undefined ? [] : [{ actions: keyActions.slice(0, 1), resource: key }]),
    ...ofInboxes.flatMap(({ found = [] }) => found),
  ];
  const found = await Promise.all([
    orUnknown(`function ${name}`, () => checkConcurrency(name, clients)),
    orUnknown(about, () => checkRole(about, { role, rights }, clients)),
    kmsKey === undefined ? [] : orUnknown(`key ${kmsKey}`, () => checkKey(kmsKey, clients)),
  ]);
  return [...ofInboxes.flatMap(({ findings = [] }) => findings), ...found.flat()];
}

/** The inbox writes its own rows only: its policy allows no others. */
async function rightToTable(
  { name, tableName, ordered }: InboxPlace,
  { dynamodb }: Services,
): Promise<Right[]> {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: tableName }));
  const key = Table?.SSEDescription?.KMSMasterKeyArn;
  const leadingKeys = {
    ContextKeyName: 'dynamodb:LeadingKeys',
    ContextKeyType: 'stringList' as const,
    ContextKeyValues: [...inboxKeyPrefixes(name)],
  };
  return [
    {
      actions: ordered === undefined ? tableActions : [...tableActions, 'dynamodb:DeleteItem'],
      resource: Table?.TableArn ?? '',
      context: [leadingKeys],
    },
    ...(key === undefined ? [] : [{ actions: keyActions, resource: key }]),
  ];
}

/** What can never be handled is sent there with its reason; an ordered inbox also puts messages back on its own queue. */
async function rightToDeadLetters(
  { deadLetterQueueUrl, ordered }: InboxPlace,
  clients: Services,
): Promise<Right[]> {
  const urls = [deadLetterQueueUrl, ...(ordered === undefined ? [] : [ordered.queueUrl])];
  const rights = await Promise.all(
    urls.map(async (url) => {
      const attributes = await attributesOf(url, clients, ['QueueArn', 'KmsMasterKeyId']);
      const key = ownKeyOf(attributes);
      return [
        { actions: ['sqs:SendMessage'], resource: attributes['QueueArn'] ?? '' },
        ...(key === undefined ? [] : [{ actions: keyActions, resource: key }]),
      ];
    }),
  );
  return rights.flat();
}

/** A function whose reserved concurrency is 0 is never invoked, and says so nowhere else. */
export async function checkConcurrency(
  name: string,
  { lambda }: Pick<Clients, 'lambda'>,
): Promise<Finding[]> {
  const { ReservedConcurrentExecutions } = await lambda.send(
    new GetFunctionConcurrencyCommand({ FunctionName: name }),
  );
  if (ReservedConcurrentExecutions !== 0) return [];
  return [
    problem(
      `function ${name}`,
      'its reserved concurrency is 0: it is never invoked',
      `aws lambda delete-function-concurrency --function-name ${name}`,
    ),
  ];
}

function ownKeyOf({ KmsMasterKeyId: key }: QueueAttributes): string | undefined {
  return key === undefined || key.includes('alias/aws/') ? undefined : key;
}
