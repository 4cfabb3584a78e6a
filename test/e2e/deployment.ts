import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bootstrap, deploy, destroy, synthesize, type Outputs } from '../../bin/demo/cdk.ts';
import { createClients, type Clients } from '../../bin/demo/clients.ts';
import { openAws, type TargetAws } from '../../bin/demo/local-aws.ts';

/** An app, deployed to a local AWS with the real `cdk` command. */
export interface Deployed {
  readonly outputs: Outputs;
  readonly aws: TargetAws;
  readonly clients: Clients;
}

/** What to deploy. */
export interface AppToDeploy {
  /** What the names of its stacks begin with. */
  readonly prefix: string;
  /** The command that synthesizes it. @default - the app of the examples */
  readonly app?: string;
}

/** Deploys what `npm run build` built. `remove` takes down whatever came to be, also where this failed. */
export async function deployApp(app: AppToDeploy): Promise<{
  deployed: Promise<Deployed>;
  remove: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'cdk-outbox-e2e-'));
  const aws = await openAws({ env: process.env, allowAws: false });
  const deployment = { aws, folder, ...app };
  const install = async (): Promise<Outputs> => {
    await synthesize(deployment, { build: false });
    await bootstrap(deployment);
    return deploy(deployment);
  };
  return {
    deployed: install().then((outputs) => ({ outputs, aws, clients: createClients(aws.client) })),
    remove: async () => {
      if (!aws.isOurs) await destroy(deployment);
      await aws.stop();
      await rm(folder, { recursive: true });
    },
  };
}
