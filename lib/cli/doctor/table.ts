import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type TableDescription,
  type TimeToLiveDescription,
} from '@aws-sdk/client-dynamodb';

import { table as names } from '../../table/keys.ts';
import { waitingIndexAttributes } from '../../table/waiting.ts';
import type { Session } from '../session.ts';
import { orUnknown, orWell, problem, type Finding } from './finding.ts';

const tableResource = 'table';
const redeploy = 'deploy the stack of the Outbox again, or undo what was changed by hand';

/** The table is as an outbox needs it: its stream, its expiry, its index, its key. */
export async function checkTable({ place, clients }: Session): Promise<Finding[]> {
  const request = { TableName: place.tableName };
  const findings = await Promise.all([
    orUnknown(tableResource, async () => {
      const { Table = {} } = await clients.dynamodb.send(new DescribeTableCommand(request));
      return judgeTable(Table);
    }),
    orUnknown(tableResource, async () => {
      const { TimeToLiveDescription: expiry = {} } = await clients.dynamodb.send(
        new DescribeTimeToLiveCommand(request),
      );
      return judgeExpiry(expiry, place.tableName);
    }),
  ]);
  return orWell(findings.flat(), tableResource, 'stream, expiry and index are as they should be');
}

export function judgeTable(table: TableDescription): Finding[] {
  return [...judgeStream(table), ...judgeIndex(table), ...judgeKey(table)];
}

function judgeStream({ StreamSpecification: stream }: TableDescription): Finding[] {
  if (stream?.StreamEnabled !== true) {
    return [problem(tableResource, 'its stream is off: only the sweeper delivers', redeploy)];
  }
  const view = stream.StreamViewType ?? 'none';
  if (view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES') return [];
  return [
    problem(
      tableResource,
      `its stream carries ${view}, not NEW_IMAGE: the relay sees no entry`,
      redeploy,
    ),
  ];
}

export function judgeExpiry(
  { TimeToLiveStatus, AttributeName }: TimeToLiveDescription,
  tableName: string,
): Finding[] {
  const isOn = TimeToLiveStatus === 'ENABLED' || TimeToLiveStatus === 'ENABLING';
  if (isOn && AttributeName === names.expiresAt) return [];
  const is = isOn ? `on ${AttributeName ?? 'nothing'}` : 'off';
  return [
    problem(
      tableResource,
      `expiry is ${is}, not on ${names.expiresAt}: it grows for ever`,
      `aws dynamodb update-time-to-live --table-name ${tableName} --time-to-live-specification Enabled=true,AttributeName=${names.expiresAt}`,
    ),
  ];
}

function judgeIndex({ GlobalSecondaryIndexes: indexes = [] }: TableDescription): Finding[] {
  const index = indexes.find(({ IndexName }) => IndexName === names.waitingIndex);
  if (index === undefined) {
    return [
      problem(
        tableResource,
        `it has no index ${names.waitingIndex}: nothing that waits is found`,
        redeploy,
      ),
    ];
  }
  const { ProjectionType, NonKeyAttributes = [] } = index.Projection ?? {};
  const missing = waitingIndexAttributes.filter((name) => !NonKeyAttributes.includes(name));
  if (ProjectionType === 'ALL' || missing.length === 0) return [];
  return [
    problem(tableResource, `its index ${names.waitingIndex} lacks ${missing.join(', ')}`, redeploy),
  ];
}

function judgeKey({ SSEDescription: encryption }: TableDescription): Finding[] {
  if (encryption?.InaccessibleEncryptionDateTime === undefined) return [];
  return [
    problem(
      tableResource,
      `DynamoDB cannot use its key ${encryption.KMSMasterKeyArn ?? ''} since ${encryption.InaccessibleEncryptionDateTime.toISOString()}: the table is archived after seven days of it`,
      'enable the key again, or cancel its deletion',
    ),
  ];
}
