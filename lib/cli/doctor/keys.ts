import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, type KeyMetadata } from '@aws-sdk/client-kms';
import { GetTopicAttributesCommand } from '@aws-sdk/client-sns';

import { attributesOf } from '../aws/queues.ts';
import type { Session } from '../session.ts';
import { ok, problem, type Finding } from './finding.ts';

/** The keys that encrypt the table and the destinations can be used. */
export async function checkKeys(session: Session): Promise<Finding[]> {
  const keys = await keysOf(session);
  const described = await Promise.all(
    keys.map(async (key) => {
      const { KeyMetadata } = await session.clients.kms.send(
        new DescribeKeyCommand({ KeyId: key }),
      );
      return judgeKey(key, KeyMetadata);
    }),
  );
  return described;
}

function judgeKey(key: string, metadata: KeyMetadata | undefined): Finding {
  const about = `key ${key}`;
  const state = metadata?.KeyState ?? 'unknown';
  if (state === 'Enabled') return ok(about, 'is enabled');
  const mend =
    state === 'PendingDeletion'
      ? `aws kms cancel-key-deletion --key-id ${key}, then enable it`
      : `aws kms enable-key --key-id ${key}`;
  return problem(about, `it is ${state}: nothing that it encrypts can be written or read`, mend);
}

/** The customer's keys that encrypt the table and the destinations. A key of a bus is the bus's own affair. */
export async function keysOf({ place, clients }: Session): Promise<string[]> {
  const { Table } = await clients.dynamodb.send(
    new DescribeTableCommand({ TableName: place.tableName }),
  );
  const destinations = place.config?.destinations ?? [];
  const keys = await Promise.all(
    destinations.map(async ({ kind, target }) => {
      if (kind === 'queue') {
        return (await attributesOf(target, clients, ['KmsMasterKeyId']))['KmsMasterKeyId'];
      }
      if (kind === 'bus') return undefined;
      const topic = await clients.sns.send(new GetTopicAttributesCommand({ TopicArn: target }));
      return topic.Attributes?.['KmsMasterKeyId'];
    }),
  );
  const all = [Table?.SSEDescription?.KMSMasterKeyArn, ...keys];
  // AWS's own keys, by alias, need nobody's rights.
  return [
    ...new Set(all.filter((key) => key !== undefined && !key.includes('alias/aws/'))),
  ] as string[];
}
