import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bootstrap, deploy, destroy, synthesize, type Outputs } from '../../bin/demo/cdk.ts';
import { createClients, type Clients } from '../../bin/demo/clients.ts';
import { openAws } from '../../bin/demo/local-aws.ts';
import { shopOf, type Shop } from '../../bin/demo/shop.ts';

/** The example, deployed to a local AWS with the real `cdk` command. */
export interface DeployedShop {
  readonly shop: Shop;
  readonly clients: Clients;
}

/** Deploys what `npm run build` built. `remove` takes down whatever came to be, also where this failed. */
export async function deployShop(): Promise<{
  deployed: Promise<DeployedShop>;
  remove: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'cdk-outbox-e2e-'));
  const aws = await openAws({ env: process.env, allowAws: false });
  const deployment = { aws, folder, prefix: 'EndToEnd' };
  const install = async (): Promise<Outputs> => {
    await synthesize(deployment, { build: false });
    await bootstrap(deployment);
    return deploy(deployment);
  };
  return {
    deployed: install().then((outputs) => ({
      shop: shopOf(outputs, aws.endpoint),
      clients: createClients(aws.client),
    })),
    remove: async () => {
      if (!aws.isOurs) await destroy(deployment);
      await aws.stop();
      await rm(folder, { recursive: true });
    },
  };
}
