import { Annotations, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IAlias, IKey } from 'aws-cdk-lib/aws-kms';
import type { IConstruct } from 'constructs';

/** A service that must use a key to do something for an account. */
export interface ServiceKeyUse {
  readonly key: IKey;
  readonly service: string;
  /** @default - the account of the construct */
  readonly account?: string | undefined;
  /** What arrives where the key does not allow it: `no message`. */
  readonly effect: string;
}

/** Lets a service encrypt and decrypt with a key; warns where the key is imported and so cannot be changed. */
export function allowService(scope: IConstruct, use: ServiceKeyUse): void {
  const { key, service, account = Stack.of(scope).account, effect } = use;
  const { statementAdded } = key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(service)],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      // By account, since naming the sender would make the key, the queue and the sender wait for each other.
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  );
  if (statementAdded) return;
  Annotations.of(scope).addWarningV2(
    'cdk-outbox:importedKey',
    `key ${key.node.path} is imported: unless its policy lets ${service} decrypt and generate data keys, ${effect} arrives`,
  );
}

/** Whether AWS manages the key: its policy lets no service of AWS's use it, and cannot be changed. */
export function isAwsManaged(key: IKey): boolean {
  const name: unknown = (key as Partial<IAlias>).aliasName;
  return typeof name === 'string' && name.startsWith('alias/aws/');
}
