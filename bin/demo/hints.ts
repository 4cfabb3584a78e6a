import type { Deployment } from './cdk.ts';
import type { Shop } from './shop.ts';

/** The variables by which commands reach a local AWS; empty for the real one. */
export function accessTo({ aws: { endpoint, env } }: Deployment): string {
  if (endpoint === undefined) return '';
  const region = env['AWS_REGION'] ?? '';
  return `AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test`;
}

/** What to try while everything is running. */
export function hints({ apiUrl, orders, payment }: Shop, deployment: Deployment): string {
  const { aws, prefix } = deployment;
  const there = `${accessTo(deployment)} `.trimStart();
  const removal = `Remove it with: npx cdk destroy --all --context prefix=${prefix}`;
  return `
Place an order, and another of the same id:

  curl -i ${apiUrl}/orders -H 'content-type: application/json' \\
    -d '{"orderId":"42","customer":"ada","sku":"book","quantity":1,"total":12}'

See its status:

  curl ${apiUrl}/orders/42

See how the outbox of the orders is:

  ${there}npx outbox status --table ${orders.outbox.table}

With the AWS CLI (https://aws.amazon.com/cli/), send payment nonsense, and find it among the dead letters with the reason:

  ${there}aws sqs send-message --queue-url ${payment.inbox.queueUrl} --message-body nonsense
  ${there}aws sqs receive-message --queue-url ${payment.inbox.deadLetterQueueUrl} --message-attribute-names All

With the AWS CLI, look at the events and their receipts:

  ${there}aws dynamodb scan --table-name ${orders.outbox.table}

${aws.isOurs ? 'Ctrl-C stops it and leaves nothing behind.' : removal}`;
}
