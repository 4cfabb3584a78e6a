import type { Clients } from '../../bin/demo/clients.ts';
import { shopOf, type Shop } from '../../bin/demo/shop.ts';
import { deployApp } from './deployment.ts';

/** The example, deployed to a local AWS. */
export interface DeployedShop {
  readonly shop: Shop;
  readonly clients: Clients;
}

/** Deploys the example. `remove` takes down whatever came to be, also where this failed. */
export async function deployShop(): Promise<{
  deployed: Promise<DeployedShop>;
  remove: () => Promise<void>;
}> {
  const { deployed, remove } = await deployApp({ prefix: 'EndToEnd' });
  const toShop = deployed.then(({ outputs, aws, clients }) => ({
    shop: shopOf(outputs, aws.endpoint),
    clients,
  }));
  return { deployed: toShop, remove };
}
