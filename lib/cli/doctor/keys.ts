import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, type KeyMetadata } from '@aws-sdk/client-kms';
import { GetTopicAttributesCommand } from '@aws-sdk/client-sns';

import type { DestinationConfig } from '../../core/environment.ts';
import type { Clients } from '../aws/clients.ts';
import { attributesOf } from '../aws/queues.ts';
import type { Session } from '../session.ts';
import { ok, orUnknown, problem, seek, type Finding } from './finding.ts';

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
  const mend =
    state === 'PendingDeletion'
      ? `aws kms cancel-key-deletion --key-id ${key}, then enable it`
      : `aws kms enable-key --key-id ${key}`;
  return problem(about, `it is ${state}: nothing that it encrypts can be written or read`, mend);
}

/**
 * The customer's keys that encrypt the table and the destinations, and what could not be asked. A key of a bus is the
 * bus's own affair; a destination that is gone is told by its own check.
 */
export async function keysOf(session: Session): Promise<{ keys: string[]; findings: Finding[] }> {
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
  // AWS's own keys, by alias, need nobody's rights.
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
