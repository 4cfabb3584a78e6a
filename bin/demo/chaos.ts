import { setTimeout as delay } from 'node:timers/promises';

import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';

import type { Deployment } from './cdk.ts';
import type { CommandResult } from './child.ts';
import { accessTo } from './hints.ts';
import { makeRequests, placeOrders, type OrderRequest } from './orders.ts';
import { runOutbox } from './outbox-command.ts';
import { poll } from './poll.ts';
import type { Line } from './report.ts';
import { importAndReconcile } from './reconcile.ts';
import { placedOf, type Run } from './run.ts';
import { step } from './step.ts';
import { stockUp } from './stock-up.ts';

/** What was ordered during the trouble, and what came of the events that got stuck or were never written. */
export interface ChaosResult {
  readonly requests: readonly OrderRequest[];
  readonly lines: () => Promise<Line[]>;
}

/** Bytes that a message may have: as few as SQS allows to set, and as many as it ever takes. */
const limits = { tooLow: 1024, usual: 1024 * 1024 } as const;
const orders = 5;

/**
 * Makes one event get stuck, finds it with the operator's command, fixes the cause and redrives the event. Shows
 * each command as it would be typed. Then creates an order without its event, which reconciliation finds.
 */
export async function makeChaos(deployment: Deployment, run: Run): Promise<ChaosResult> {
  const { shop } = run;
  const outbox = (...words: string[]): Promise<CommandResult> =>
    runOutbox([...words, '--stack', `${deployment.prefix}Orders`], deployment.aws);
  const show = async (...words: string[]): Promise<void> => {
    const { stdout, stderr } = await outbox(...words);
    console.log(`\n$ ${typed(words, deployment)}\n${stdout}${stderr}`.trimEnd());
  };

  await step('Run the sweeper, as its schedule does every minute', () => outbox('sweep'));
  await step(`Lower the limit of the warehouse's queue to ${limits.tooLow} bytes, by mistake`, () =>
    limitMessages(limits.tooLow, deployment, run),
  );
  const requests = chaoticRequests(deployment.prefix);
  await stockUp({ ...run, requests });
  await step(`Place ${orders} orders, one with a very long product name`, () =>
    placeOrders(shop.apiUrl, requests, () => undefined),
  );
  const parked = await step('Wait until an event is parked', () => waitForParked(outbox));

  console.log('\nWhat the person on call types:');
  if (deployment.aws.endpoint !== undefined) console.log(`\n$ export ${accessTo(deployment)}`);
  await show('status');
  await show('ls', 'parked');
  await show('show', parked);
  console.log('\nThe warehouse lacks it, and everybody else has it. The cause is the limit.\n');
  await step(`Set the limit to ${limits.usual} bytes again`, () =>
    limitMessages(limits.usual, deployment, run),
  );
  await show('redrive', parked, '--reason', 'limit raised again', '--yes');
  await show('sweep');
  await show('show', parked);
  console.log();
  const imported = await importAndReconcile(run, `${deployment.prefix}-import`);
  return {
    requests: [...requests, ...imported.requests],
    lines: async () => [...(await linesOf(parked, outbox)), ...imported.lines],
  };
}

type Outbox = (...words: string[]) => Promise<CommandResult>;

/** That the first order is fulfilled does not fit into the warehouse's queue. */
function chaoticRequests(prefix: string): OrderRequest[] {
  const [first, ...others] = placedOf({ requests: makeRequests(`${prefix}-chaos`, orders) });
  if (first === undefined) return [];
  const sku = `${first.order.sku}-${'long'.repeat(300)}`;
  return [{ ...first, order: { ...first.order, sku } }, ...others];
}

async function limitMessages(bytes: number, { aws }: Deployment, run: Run): Promise<void> {
  await run.clients.queues.send(
    new SetQueueAttributesCommand({
      QueueUrl: run.shop.warehouse.inbox.queueUrl,
      Attributes: { MaximumMessageSize: String(bytes) },
    }),
  );
  // The real SQS may take a minute to know of it:
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
  if (aws.endpoint === undefined) await delay(60_000);
}

async function waitForParked(outbox: Outbox): Promise<string> {
  return poll(async () => (await waiting(outbox, 'parked'))[0], {
    until: 'an event is parked',
  });
}

async function linesOf(parked: string, outbox: Outbox): Promise<Line[]> {
  const left = await waiting(outbox);
  const { stdout } = await outbox('show', parked, '--json');
  const { status } = JSON.parse(stdout) as { status: string };
  return [
    { label: 'parked, redriven and delivered', found: status === 'published' ? 1 : 0, expected: 1 },
    { label: 'orders’ events that still wait', found: left.length, expected: 0 },
  ];
}

/** Ids of the events that wait, in one state or in any. */
async function waiting(outbox: Outbox, ...state: string[]): Promise<string[]> {
  const { stdout, stderr } = await outbox('ls', ...state, '--json');
  if (stdout === '') throw new Error(stderr);
  const { entries } = JSON.parse(stdout) as { entries: { event: string }[] };
  return entries.map(({ event }) => event);
}

function typed(words: readonly string[], { prefix }: Deployment): string {
  const quoted = words.map((word) => (/\s/.test(word) ? `'${word}'` : word));
  return ['npx outbox', ...quoted, '--stack', `${prefix}Orders`].join(' ');
}
