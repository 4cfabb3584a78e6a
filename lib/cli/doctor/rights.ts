import {
  SimulatePrincipalPolicyCommand,
  type ContextEntry,
  type EvaluationResult,
} from '@aws-sdk/client-iam';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';

import type { DestinationConfig } from '../../core/environment.ts';
import type { Clients } from '../aws/clients.ts';
import { attributesOf } from '../aws/queues.ts';
import { describeFunction } from '../aws/functions.ts';
import type { Session } from '../session.ts';
import { orUnknown, orWell, problem, seek, type Finding } from './finding.ts';
import { keysOf } from './keys.ts';

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
