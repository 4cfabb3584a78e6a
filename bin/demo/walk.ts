import { randomBytes } from 'node:crypto';

import { bootstrap, deploy, destroy, synthesize, type Deployment } from './cdk.ts';
import { makeChaos } from './chaos.ts';
import { createClients } from './clients.ts';
import { disorderDuring } from './disorder.ts';
import { deliverAgain } from './duplicates.ts';
import { hints } from './hints.ts';
import { openAws } from './local-aws.ts';
import type { DemoOptions } from './options.ts';
import { makeRequests, placeOrders } from './orders.ts';
import { factsOf, isRight, renderReport, type Line } from './report.ts';
import type { Run } from './run.ts';
import { reasonToWait, settle } from './settle.ts';
import { shopOf, type Shop } from './shop.ts';
import { step } from './step.ts';
import { stockUp } from './stock-up.ts';
import { sweepDuring } from './sweeps.ts';

/** What the walk-through starts from. */
export interface Walk {
  readonly options: DemoOptions;
  readonly env: NodeJS.ProcessEnv;
  /** A folder for what is made on the way. */
  readonly folder: string;
}

/** Deploys the example, places orders and shows their outcomes. Returns whether every number is right. */
export async function walk({ options, env, folder }: Walk): Promise<boolean> {
  const aws = await step('Find or start a local AWS', (onLine) =>
    openAws({ env, allowAws: options.aws, onLine }),
  );
  try {
    // A name of its own, so that two walks do not meet, wherever they deploy to.
    const prefix = `Demo${randomBytes(3).toString('hex')}`;
    return await Promise.race([walkOn({ aws, folder, prefix }, options), aws.failure]);
  } finally {
    await aws.stop();
  }
}

async function walkOn(deployment: Deployment, options: DemoOptions): Promise<boolean> {
  const shop = await install(deployment, options);
  const isAllRight = await placeAndCount(deployment, shop, options);
  if (options.keep) {
    console.log(hints(shop, deployment));
    // Until Ctrl-C, which takes it down.
    if (deployment.aws.isOurs) await deployment.aws.failure;
  } else if (!deployment.aws.isOurs) {
    await step('Remove the example', (onLine) => destroy({ ...deployment, onLine }));
  }
  return isAllRight;
}

async function install(deployment: Deployment, { build }: DemoOptions): Promise<Shop> {
  await step('Build and synthesize', (onLine) => synthesize({ ...deployment, onLine }, { build }));
  await step('Bootstrap the account', (onLine) => bootstrap({ ...deployment, onLine }));
  const outputs = await step(`Deploy the stacks ${deployment.prefix}*`, (onLine) =>
    deploy({ ...deployment, onLine }),
  );
  return shopOf(outputs, deployment.aws.endpoint);
}

async function placeAndCount(
  deployment: Deployment,
  shop: Shop,
  { orders, chaos }: DemoOptions,
): Promise<boolean> {
  const { aws, prefix } = deployment;
  const requests = makeRequests(prefix, orders);
  const run: Run = { shop, clients: createClients(aws.client), requests, since: Date.now() };
  await step('Fill the shelves', () => stockUp(run));
  const doubled = await placeInDisorder(run, orders);
  const again = await step('Deliver some messages once more', () => deliverAgain(run));
  const copies = doubled + again;
  const reason = reasonToWait(run);
  if (reason !== undefined) console.log(reason);
  const isRightSoFar = await sweepDuring(deployment, count(run, copies));
  if (!chaos || !isRightSoFar) return isRightSoFar;
  const { requests: more, lines } = await makeChaos(deployment, run);
  return sweepDuring(
    deployment,
    count({ ...run, requests: [...requests, ...more] }, copies, lines),
  );
}

/** Places the orders. Answers with how many more messages that made than there were events. */
function placeInDisorder(run: Run, orders: number): Promise<number> {
  const { shop, requests } = run;
  const title = `Place ${orders} orders, some of them twice, and disorder the queues`;
  return step(title, (say) => {
    const placing = placeOrders(shop.apiUrl, requests, (answers) => {
      say(`${answers} of ${requests.length} answered`);
    });
    return disorderDuring(run, placing);
  });
}

/** Shows all results so far. Returns whether every number is right. */
async function count(
  run: Run,
  copies: number,
  moreLines: () => Promise<Line[]> = () => Promise.resolve([]),
): Promise<boolean> {
  const { tally, lines } = await step('Wait until everything is handled', (say) =>
    settle(run, say, moreLines),
  );
  console.log(renderReport(lines, factsOf(tally, copies)));
  return lines.every(isRight);
}
