import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  SimulatePrincipalPolicyCommand,
  type ContextEntry,
  type EvaluationResult,
} from '@aws-sdk/client-iam';
import { DescribeKeyCommand, type KeyMetadata } from '@aws-sdk/client-kms';
import { GetTopicAttributesCommand } from '@aws-sdk/client-sns';

import type { DestinationConfig } from '../../core/environment.ts';
import type { Clients } from '../aws/clients.ts';
import { describeFunction } from '../aws/functions.ts';
import { attributesOf } from '../aws/queues.ts';
import type { Session } from '../session.ts';
import { ok, orUnknown, orWell, problem, seek, type Finding } from './finding.ts';

/** What a role must be allowed to do with what. */
export interface Right {
  readonly actions: readonly string[];
  readonly resource: string;
  /** What the call is made with, as far as policies ask for it. */
  readonly context?: readonly ContextEntry[];
}

/** Relay and sweeper may do what they must: at the table, at each destination, with the keys of either. */
export async function checkRights(session: Session): Promise<Finding[]> {
  const { place, clients } = session;
  const functions = [
    { name: place.relay, tableActions: relayActions },
    { name: place.sweeper, tableActions: sweeperActions },
  ].flatMap(({ name, ...rest }) => (name === undefined ? [] : [{ name, ...rest }]));
  if (functions.length === 0) return [];
  const { others, table, findings } = await rightsOf(session);
  const checked = await Promise.all(
    functions.map(({ name, tableActions }) => {
      const about = `rights of ${name}`;
      return orUnknown(about, async () => {
        const { role } = await describeFunction(name, clients);
        const own = table === undefined ? [] : [{ actions: tableActions, resource: table }];
        return checkRole(about, { role, rights: [...own, ...others] }, clients);
      });
    }),
  );
  return [...findings, ...checked.flat()];
}

/** A role may do what it must. A right that cannot be asked for keeps none of the others from being. */
export async function checkRole(
  about: string,
  { role, rights }: { role: string; rights: readonly Right[] },
  { iam }: Pick<Clients, 'iam'>,
): Promise<Finding[]> {
  const findings = await Promise.all(
    rights.map(({ actions, resource, context = [] }) =>
      orUnknown(about, async () => {
        const { EvaluationResults = [] } = await iam.send(
          new SimulatePrincipalPolicyCommand({
            PolicySourceArn: role,
            ActionNames: [...actions],
            ResourceArns: [resource],
            ContextEntries: [...context],
          }),
        );
        return judgeRights(about, EvaluationResults);
      }),
    ),
  );
  return orWell(findings.flat(), about, 'as far as its role says, it may do what it must');
}

function judgeRights(about: string, results: readonly EvaluationResult[]): Finding[] {
  return results
    .filter(({ EvalDecision }) => EvalDecision !== 'allowed')
    .map(({ EvalActionName = '', EvalResourceName = '', EvalDecision = '' }) =>
      problem(
        about,
        `its role may not ${EvalActionName} on ${EvalResourceName} (${EvalDecision})`,
        'deploy the stack of the Outbox again; where a key or a destination is imported, its own policy must allow it too',
      ),
    );
}

const relayActions = [
  'dynamodb:BatchGetItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
];
const sweeperActions = [
  ...relayActions,
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:Query',
];
export const keyActions = ['kms:Decrypt', 'kms:GenerateDataKey'];

async function tableArnOf({ place, clients }: Session): Promise<string> {
  const { Table } = await clients.dynamodb.send(
    new DescribeTableCommand({ TableName: place.tableName }),
  );
  return Table?.TableArn ?? '';
}

/** The rights that both functions need, and what could not be asked. A destination that is gone is told by its own check. */
async function rightsOf(
  session: Session,
): Promise<{ table: string | undefined; others: Right[]; findings: Finding[] }> {
  const { destinations = [] } = session.place.config ?? {};
  const table = await seek('rights to the table', () => tableArnOf(session));
  const rights = await Promise.all(
    destinations.map((destination) =>
      seek(`rights to ${destination.name}`, () => rightTo(destination, session)),
    ),
  );
  const { keys } = await keysOf(session);
  const ofDestinations = rights.flatMap(({ found }) => found ?? []);
  const ofKeys = keys.map((resource) => ({ actions: keyActions, resource }));
  return {
    table: table.found,
    others: [...ofDestinations, ...ofKeys],
    findings: [table, ...rights].flatMap(({ findings }) => findings),
  };
}

async function rightTo(
  { kind, target }: DestinationConfig,
  { clients, place }: Session,
): Promise<Right> {
  switch (kind) {
    case 'bus':
      return {
        actions: ['events:PutEvents'],
        resource: target,
        context: [
          {
            ContextKeyName: 'events:source',
            ContextKeyType: 'string',
            ContextKeyValues: [place.config?.source ?? ''],
          },
        ],
      };
    case 'queue': {
      const { QueueArn: resource = '' } = await attributesOf(target, clients, ['QueueArn']);
      return { actions: ['sqs:SendMessage'], resource };
    }
    case 'topic':
      return { actions: ['sns:Publish'], resource: target };
  }
}

/** The keys that encrypt the table and the destinations can be used. */
export async function checkKeys(session: Session): Promise<Finding[]> {
  const { keys, findings } = await keysOf(session);
  const described = await Promise.all(
    keys.map((key) => orUnknown(`key ${key}`, () => checkKey(key, session.clients))),
  );
  return [...findings, ...described.flat()];
}

/** A key can be used. */
export async function checkKey(key: string, { kms }: Pick<Clients, 'kms'>): Promise<Finding[]> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: key }));
  return [judgeKey(key, KeyMetadata)];
}

function judgeKey(key: string, metadata: KeyMetadata | undefined): Finding {
  const about = `key ${key}`;
  const state = metadata?.KeyState ?? 'unknown';
  if (state === 'Enabled') return ok(about, 'is enabled');
  const nextStep =
    state === 'PendingDeletion'
      ? `aws kms cancel-key-deletion --key-id ${key}, then enable it`
      : `aws kms enable-key --key-id ${key}`;
  return problem(
    about,
    `it is ${state}: nothing that it encrypts can be written or read`,
    nextStep,
  );
}

/**
 * The customer's keys that encrypt the table and the destinations, and what could not be asked. A key of a bus is the
 * bus's own affair; a destination that is gone is told by its own check.
 */
async function keysOf(session: Session): Promise<{ keys: string[]; findings: Finding[] }> {
  const { place } = session;
  const asked: [about: string, ask: () => Promise<string | undefined>][] = [
    ['key of the table', () => keyOfTable(session)],
    ...(place.config?.destinations ?? []).map(
      (destination): [string, () => Promise<string | undefined>] => [
        `key of ${destination.name}`,
        () => keyOf(destination, session),
      ],
    ),
  ];
  const looked = await Promise.all(asked.map(([about, ask]) => seek(about, ask)));
  // AWS managed keys, used by alias, need no permissions.
  const keys = looked.flatMap(({ found }) =>
    found === undefined || found.includes('alias/aws/') ? [] : [found],
  );
  return { keys: [...new Set(keys)], findings: looked.flatMap(({ findings }) => findings) };
}

async function keyOfTable({ place, clients }: Session): Promise<string | undefined> {
  const { Table } = await clients.dynamodb.send(
    new DescribeTableCommand({ TableName: place.tableName }),
  );
  return Table?.SSEDescription?.KMSMasterKeyArn;
}

async function keyOf(
  { kind, target }: DestinationConfig,
  { clients }: Session,
): Promise<string | undefined> {
  switch (kind) {
    case 'bus':
      return undefined;
    case 'queue':
      return (await attributesOf(target, clients, ['KmsMasterKeyId']))['KmsMasterKeyId'];
    case 'topic': {
      const topic = await clients.sns.send(new GetTopicAttributesCommand({ TopicArn: target }));
      return topic.Attributes?.['KmsMasterKeyId'];
    }
  }
}
