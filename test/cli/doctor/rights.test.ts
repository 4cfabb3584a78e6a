import { describe, expect, it } from 'vitest';

import { checkKeys, checkRights } from '../../../lib/cli/doctor/rights.ts';
import type { DestinationConfig } from '../../../lib/core/environment.ts';
import { bus, queueArn, queueUrl, servicesOf } from '../support/account.ts';
import { awsError } from '../support/clients.ts';
import { aSession, tableArn } from '../support/session.ts';

const tableKey = 'arn:aws:kms:eu-west-1:1:key/table';
const queueKey = 'arn:aws:kms:eu-west-1:1:key/queue';
const queue: DestinationConfig = {
  name: 'queue/Q',
  kind: 'queue',
  target: queueUrl('q'),
  ordered: false,
};
const topic: DestinationConfig = {
  name: 'topic/T',
  kind: 'topic',
  target: 'arn:aws:sns:eu-west-1:1:t',
  ordered: false,
};

interface Simulation {
  readonly PolicySourceArn: string;
  readonly ActionNames: readonly string[];
  readonly ResourceArns: readonly string[];
  readonly ContextEntries: readonly object[];
}

/** An account where a table and a queue have keys of their own, in this state, and these rights are refused. */
function anAccount({ keyState = 'Enabled', refused = '' } = {}) {
  const asked: Simulation[] = [];
  const account = servicesOf({
    functions: ['Relay', 'Sweeper'].map((name) => ({ name, environment: {} })),
    queues: [{ name: 'q', attributes: { QueueArn: queueArn('q'), KmsMasterKeyId: queueKey } }],
  });
  const services = {
    ...account,
    dynamodb: {
      DescribeTable: () => ({
        Table: { TableArn: tableArn, SSEDescription: { KMSMasterKeyArn: tableKey } },
      }),
    },
    sns: { GetTopicAttributes: () => ({ Attributes: { KmsMasterKeyId: 'alias/aws/sns' } }) },
    kms: { DescribeKey: () => ({ KeyMetadata: { KeyState: keyState } }) },
    iam: {
      SimulatePrincipalPolicy: (input: Simulation) => {
        asked.push(input);
        const EvaluationResults = input.ActionNames.map((EvalActionName) => ({
          EvalActionName,
          EvalResourceName: input.ResourceArns[0],
          EvalDecision: EvalActionName === refused ? 'implicitDeny' : 'allowed',
        }));
        return { EvaluationResults };
      },
    },
  };
  return { services, asked, destinations: [bus, queue, topic] };
}

describe('the rights of relay and sweeper', () => {
  it('are all there', async () => {
    expect(await checkRights(aSession(anAccount()))).toMatchObject([
      { severity: 'ok', about: 'rights of Relay' },
      { severity: 'ok', about: 'rights of Sweeper' },
    ]);
  });

  it('are asked for at the table, each destination, and with the keys of either', async () => {
    const account = anAccount();

    await checkRights(aSession(account));

    const ofRelay = account.asked.filter(({ PolicySourceArn }) =>
      PolicySourceArn.endsWith('/Relay'),
    );
    expect(
      ofRelay.map(({ ActionNames, ResourceArns }) => [ResourceArns[0], ActionNames[0]]),
    ).toEqual([
      [tableArn, 'dynamodb:BatchGetItem'],
      [bus.target, 'events:PutEvents'],
      [queueArn('q'), 'sqs:SendMessage'],
      [topic.target, 'sns:Publish'],
      [tableKey, 'kms:Decrypt'],
      [queueKey, 'kms:Decrypt'],
    ]);
    expect(ofRelay[1]?.ContextEntries).toEqual([
      { ContextKeyName: 'events:source', ContextKeyType: 'string', ContextKeyValues: ['orders'] },
    ]);
  });

  it.each(['sqs:SendMessage', 'kms:GenerateDataKey', 'dynamodb:PutItem'])(
    'are told of where both lack %s',
    async (refused) => {
      const findings = await checkRights(aSession(anAccount({ refused })));

      expect(new Set(findings.map(({ about }) => about))).toEqual(
        new Set(['rights of Relay', 'rights of Sweeper']),
      );
      expect(findings.every(({ severity }) => severity === 'problem')).toBe(true);
      expect(findings[0]?.what).toContain(`may not ${refused} on arn:`);
      expect(findings[0]?.what).toContain('implicitDeny');
      expect(findings[0]?.nextStep).toContain('its own policy must allow it too');
    },
  );

  it('are more for the sweeper, which reads pages and takes rows out', async () => {
    for (const refused of ['dynamodb:Query', 'dynamodb:DeleteItem', 'dynamodb:GetItem']) {
      const findings = await checkRights(aSession(anAccount({ refused })));

      expect(findings.map(({ severity }) => severity)).toEqual(['ok', 'problem']);
    }
  });

  it('are not checked where no function is found', async () => {
    const session = aSession({ ...anAccount(), without: ['relay', 'sweeper'] });

    expect(await checkRights(session)).toEqual([]);
  });
});

describe('a destination that is gone', () => {
  const missing: DestinationConfig = { ...queue, name: 'queue/Gone', target: queueUrl('gone') };

  it.each([
    ['checkRights', checkRights],
    ['checkKeys', checkKeys],
  ])('keeps %s from nothing else: its own check tells of it', async (_, check) => {
    const { services, destinations } = anAccount();
    const session = aSession({ services, destinations: [missing, ...destinations] });

    expect(await check(session)).toEqual(await check(aSession({ services, destinations })));
  });
});

describe('what may not be asked', () => {
  const denied = (): never => {
    throw awsError('AccessDeniedException');
  };

  it('of one right is told, and the other rights are checked', async () => {
    const account = anAccount({ refused: 'sqs:SendMessage' });
    const simulate = account.services.iam.SimulatePrincipalPolicy;
    const iam = {
      SimulatePrincipalPolicy: (input: Simulation) =>
        input.ResourceArns[0] === topic.target ? denied() : simulate(input),
    };

    const findings = await checkRights(
      aSession({ ...account, services: { ...account.services, iam } }),
    );

    expect(findings.map(({ severity }) => severity).toSorted()).toEqual([
      'problem',
      'problem',
      'unknown',
      'unknown',
    ]);
  });

  it.each([
    ['the table', { dynamodb: { DescribeTable: denied } }, 'sqs:SendMessage'],
    ['a topic', { sns: { GetTopicAttributes: denied } }, 'sqs:SendMessage'],
  ])('of %s is told, and the rights to the others are checked', async (_, services, refused) => {
    const account = anAccount({ refused });

    const findings = await checkRights(
      aSession({ ...account, services: { ...account.services, ...services } }),
    );

    expect(findings.map(({ what }) => what)).toContainEqual(
      expect.stringContaining(`may not ${refused}`),
    );
  });

  it('of one key is told, and the other keys are checked', async () => {
    const account = anAccount();
    const kms = {
      DescribeKey: ({ KeyId }: { KeyId: string }) =>
        KeyId === tableKey ? denied() : { KeyMetadata: { KeyState: 'Disabled' } },
    };

    const findings = await checkKeys(
      aSession({ ...account, services: { ...account.services, kms } }),
    );

    expect(findings.map(({ severity }) => severity)).toEqual(['unknown', 'problem']);
  });
});

describe('the keys', () => {
  it('are those of the customer, each once, and can be used', async () => {
    expect(await checkKeys(aSession(anAccount()))).toEqual([
      { severity: 'ok', about: `key ${tableKey}`, what: 'is enabled' },
      { severity: 'ok', about: `key ${queueKey}`, what: 'is enabled' },
    ]);
  });

  it.each([
    ['Disabled', `aws kms enable-key --key-id ${tableKey}`],
    ['PendingDeletion', `aws kms cancel-key-deletion --key-id ${tableKey}`],
  ])('are a problem where one is %s: the next step is the command', async (keyState, nextStep) => {
    const [finding] = await checkKeys(aSession(anAccount({ keyState })));

    expect(finding).toMatchObject({ severity: 'problem' });
    expect(finding?.what).toContain(keyState);
    expect(finding?.nextStep).toContain(nextStep);
  });

  it('are none where AWS owns them all', async () => {
    const { services } = anAccount();
    const own = { ...services, dynamodb: { DescribeTable: () => ({ Table: {} }) } };

    expect(await checkKeys(aSession({ services: own, destinations: [bus, topic] }))).toEqual([]);
  });
});
