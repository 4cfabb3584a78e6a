import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bootstrap, deploy, destroy, synthesize } from '../../bin/demo/cdk.ts';
import { createClients, type Clients } from '../../bin/demo/clients.ts';
import { openAws } from '../../bin/demo/local-aws.ts';
import { shopOf, type Shop } from '../../bin/demo/shop.ts';

/** The example, deployed to a local AWS with the real `cdk` command. */
export interface DeployedShop {
  readonly shop: Shop;
  readonly clients: Clients;
  remove(): Promise<void>;
}

/** Deploys what `npm run build` built. */
export async function deployShop(): Promise<DeployedShop> {
  const folder = await mkdtemp(join(tmpdir(), 'cdk-outbox-e2e-'));
  const aws = await openAws({ env: process.env, allowAws: false });
  const deployment = { aws, folder };
  await synthesize(deployment, { build: false });
  await bootstrap(deployment);
  const outputs = await deploy(deployment);
  return {
    shop: shopOf(outputs, aws.endpoint),
    clients: createClients(aws.client),
    remove: async () => {
      if (!aws.isOurs) await destroy(deployment);
      await aws.stop();
      await rm(folder, { recursive: true });
    },
  };
}
