import type { GlobalSecondaryIndexDescription, TableDescription } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';

import { checkTable, judgeExpiry, judgeTable } from '../../../lib/cli/doctor/table.ts';
import { table as names } from '../../../lib/table/keys.ts';
import { waitingIndexAttributes } from '../../../lib/table/waiting.ts';
import { aSession, tableName } from '../support/session.ts';

const index: GlobalSecondaryIndexDescription = {
  IndexName: names.waitingIndex,
  Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...waitingIndexAttributes] },
};
const healthy: TableDescription = {
  TableName: tableName,
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  GlobalSecondaryIndexes: [index],
};
const expiry = { TimeToLiveStatus: 'ENABLED', AttributeName: names.expiresAt } as const;

describe('the table', () => {
  it('is well as the construct makes it', async () => {
    const services = {
      dynamodb: {
        DescribeTable: () => ({ Table: healthy }),
        DescribeTimeToLive: () => ({ TimeToLiveDescription: expiry }),
      },
    };

    expect(await checkTable(aSession({ services }))).toMatchObject([{ severity: 'ok' }]);
  });

  it.each<[string, Partial<TableDescription>, string]>([
    ['has no stream', { StreamSpecification: undefined }, 'its stream is off'],
    [
      'streams keys only',
      { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } },
      'its stream carries KEYS_ONLY, not NEW_IMAGE',
    ],
    ['has no index of what waits', { GlobalSecondaryIndexes: [] }, 'it has no index waiting'],
    [
      'has an index that lacks attributes',
      { GlobalSecondaryIndexes: [{ ...index, Projection: { ProjectionType: 'KEYS_ONLY' } }] },
      'its index waiting lacks id, type',
    ],
    [
      'has a key that cannot be used',
      {
        SSEDescription: {
          KMSMasterKeyArn: 'arn:aws:kms:eu-west-1:1:key/k',
          InaccessibleEncryptionDateTime: new Date('2026-11-20T00:00:00Z'),
        },
      },
      'arn:aws:kms:eu-west-1:1:key/k since 2026-11-20T00:00:00.000Z',
    ],
  ])('is a problem where it %s', (_, changed, what) => {
    const findings = judgeTable({ ...healthy, ...changed });

    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      severity: 'problem',
      nextStep: expect.any(String) as string,
    });
    expect(findings[0]?.what).toContain(what);
  });

  it.each([
    ['off', {}, 'expiry is off'],
    ['on something else', { ...expiry, AttributeName: 'ttl' }, 'expiry is on ttl'],
    ['being turned off', { ...expiry, TimeToLiveStatus: 'DISABLING' as const }, 'expiry is off'],
  ])('never shrinks where its expiry is %s: the next step is the command', (_, changed, what) => {
    const [finding] = judgeExpiry(changed, tableName);

    expect(finding?.what).toContain(what);
    expect(finding?.nextStep).toContain(
      'update-time-to-live --table-name Shop-Outbox --time-to-live-specification Enabled=true,AttributeName=expiresAt',
    );
  });

  it('may stream old images and project everything too', () => {
    const generous = {
      ...healthy,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' as const },
      GlobalSecondaryIndexes: [{ ...index, Projection: { ProjectionType: 'ALL' as const } }],
    };

    expect(judgeTable(generous)).toEqual([]);
  });
});
