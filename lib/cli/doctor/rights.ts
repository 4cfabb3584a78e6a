import { SimulatePrincipalPolicyCommand, type EvaluationResult } from '@aws-sdk/client-iam';
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
}

/** Relay and sweeper may do what they must: at the table, at each destination, with the keys of either. */
export async function checkRights(session: Session): Promise<Finding[]> {
  const { relay, sweeper } = session.place;
  const functions = [relay, sweeper].filter((name) => name !== undefined);
  const rights = await rightsOf(session);
  const findings = await Promise.all(functions.map((name) => checkFunction(name, rights, session)));
  return findings.flat();
}

async function checkFunction(
  name: string,
  rights: readonly Right[],
  { clients }: Session,
): Promise<Finding[]> {
  const about = `rights of ${name}`;
  const { role } = await describeFunction(name, clients);
  const results = await Promise.all(
    rights.map(async ({ actions, resource }) => {
      const { EvaluationResults = [] } = await clients.iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: role,
          ActionNames: [...actions],
          ResourceArns: [resource],
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

export function judgeRights(about: string, results: readonly EvaluationResult[]): Finding[] {
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

const tableActions = ['BatchGetItem', 'BatchWriteItem', 'PutItem', 'UpdateItem'];
const keyActions = ['kms:Decrypt', 'kms:GenerateDataKey'];

async function rightsOf(session: Session): Promise<Right[]> {
  const { place, clients } = session;
  const { Table } = await clients.dynamodb.send(
    new DescribeTableCommand({ TableName: place.tableName }),
  );
  const tableActionNames = tableActions.map((action) => `dynamodb:${action}`);
  const keys = await keysOf(session);
  return [
    { actions: tableActionNames, resource: Table?.TableArn ?? '' },
    ...(await Promise.all((place.config?.destinations ?? []).map((one) => rightTo(one, session)))),
    ...keys.map((resource) => ({ actions: keyActions, resource })),
  ];
}

async function rightTo({ kind, target }: DestinationConfig, { clients }: Session): Promise<Right> {
  switch (kind) {
    case 'bus':
      return { actions: ['events:PutEvents'], resource: target };
    case 'queue': {
      const { QueueArn: resource = '' } = await attributesOf(target, clients, ['QueueArn']);
      return { actions: ['sqs:SendMessage'], resource };
    }
    case 'topic':
      return { actions: ['sns:Publish'], resource: target };
  }
}
