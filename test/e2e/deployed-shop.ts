import type { Clients } from '../../bin/demo/clients.ts';
import type { TargetAws } from '../../bin/demo/local-aws.ts';
import { shopOf, type Shop } from '../../bin/demo/shop.ts';
import { deployApp } from './deployment.ts';

/** The example, deployed to a local AWS. */
export interface DeployedShop {
  readonly shop: Shop;
  readonly clients: Clients;
  readonly aws: TargetAws;
  /** What the names of its stacks begin with. */
  readonly prefix: string;
}

/** Deploys the example. `remove` takes down whatever came to be, also where this failed. */
export async function deployShop(): Promise<{
  deployed: Promise<DeployedShop>;
  remove: () => Promise<void>;
}> {
  const prefix = 'EndToEnd';
  const { deployed, remove } = await deployApp({ prefix });
  const toShop = deployed.then(({ outputs, aws, clients }) => ({
    shop: shopOf(outputs, aws.endpoint),
    clients,
    aws,
    prefix,
  }));
  return { deployed: toShop, remove };
}
