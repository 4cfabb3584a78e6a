import {
  SimulatePrincipalPolicyCommand,
  type ContextEntry,
  type EvaluationResult,
} from '@aws-sdk/client-iam';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';

import type { DestinationConfig } from '../../contract/environment.ts';
import { attributesOf } from '../aws/queues.ts';
import { describeFunction } from '../aws/functions.ts';
import type { Session } from '../session.ts';
import { orWell, problem, type Finding } from './finding.ts';
import { keysOf } from './keys.ts';

/** What a role must be allowed to do with what. */
interface Right {
  readonly actions: readonly string[];
  readonly resource: string;
  /** What the call is made with, as far as policies ask for it. */
  readonly context?: readonly ContextEntry[];
}

/** Relay and sweeper may do what they must: at the table, at each destination, with the keys of either. */
export async function checkRights(session: Session): Promise<Finding[]> {
  const { relay, sweeper } = session.place;
  const table = await tableArnOf(session);
  const others = [...(await rightsToDestinations(session)), ...(await rightsToKeys(session))];
  const findings = await Promise.all([
    checkFunction(relay, [{ actions: relayActions, resource: table }, ...others], session),
    checkFunction(sweeper, [{ actions: sweeperActions, resource: table }, ...others], session),
  ]);
  return findings.flat();
}

async function checkFunction(
  name: string | undefined,
  rights: readonly Right[],
  { clients }: Session,
): Promise<Finding[]> {
  if (name === undefined) return [];
  const about = `rights of ${name}`;
  const { role } = await describeFunction(name, clients);
  const results = await Promise.all(
    rights.map(async ({ actions, resource, context = [] }) => {
      const { EvaluationResults = [] } = await clients.iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: role,
          ActionNames: [...actions],
          ResourceArns: [resource],
          ContextEntries: [...context],
        }),
      );
      return EvaluationResults;
    }),
  );
  return orWell(
    judgeRights(about, results.flat()),
    about,
    'as far as its role says, it may do what it must',
  );
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
const keyActions = ['kms:Decrypt', 'kms:GenerateDataKey'];

async function tableArnOf({ place, clients }: Session): Promise<string> {
  const { Table } = await clients.dynamodb.send(
    new DescribeTableCommand({ TableName: place.tableName }),
  );
  return Table?.TableArn ?? '';
}

function rightsToDestinations(session: Session): Promise<Right[]> {
  const destinations = session.place.config?.destinations ?? [];
  return Promise.all(destinations.map((destination) => rightTo(destination, session)));
}

async function rightsToKeys(session: Session): Promise<Right[]> {
  const keys = await keysOf(session);
  return keys.map((resource) => ({ actions: keyActions, resource }));
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
