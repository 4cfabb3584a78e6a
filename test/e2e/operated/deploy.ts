import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LambdaClient } from '@aws-sdk/client-lambda';

import { deployApp, type Deployed } from '../deployment.ts';
import { createConsumer, type Consumer } from './consumer.ts';
import { bundleFaultyFunctions } from './faults/bundle.ts';
import { openOutbox, type OperatedOutbox, type OutboxFacts } from './outbox.ts';

/** What the operator's tests work on. */
export interface Operated extends Deployed {
  readonly lambda: LambdaClient;
  /** Delivers to a bus, whose events the audience gets, and to a partner's queue. */
  readonly twoWays: OperatedOutbox;
  /** Delivers to a FIFO queue. */
  readonly inOrder: OperatedOutbox;
  /** Delivers to a queue, by functions whose ports fail as their environment says. */
  readonly faulty: OperatedOutbox;
  /** Delivers to a queue, and is archived, by functions whose clocks are as their environment says. */
  readonly archived: OperatedOutbox;
  /** The name of the queue of what the bus could not deliver to the inbox `parcels`. */
  readonly undelivered: string;
}

/** Deploys the stack. `remove` takes down whatever came to be, also where this failed. */
export async function deployOperated(): Promise<{
  deployed: Promise<Operated>;
  remove: () => Promise<void>;
}> {
  const functions = await mkdtemp(join(tmpdir(), 'cdk-outbox-faults-'));
  await bundleFaultyFunctions(functions);
  const app = `node test/e2e/operated/app.ts ${functions}`;
  const { deployed, remove } = await deployApp({ prefix: 'EndToEnd', app });
  return {
    deployed: deployed.then(toOperated),
    remove: async () => {
      await remove();
      await rm(functions, { recursive: true });
    },
  };
}

function toOperated(deployed: Deployed): Operated {
  const { outputs, aws, clients } = deployed;
  const [stack = '', values = {}] = Object.entries(outputs)[0] ?? [];
  const open = (name: string, consumers: readonly Consumer[]): OperatedOutbox => {
    const facts = JSON.parse(values[`${name}Outbox`] ?? '') as OutboxFacts;
    return openOutbox({ name, stack, ...facts }, consumers, { aws, clients });
  };
  const consumer = (queue: string): Consumer =>
    createConsumer(values[`${queue}Url`] ?? '', clients.queues);
  return {
    ...deployed,
    lambda: new LambdaClient(aws.client),
    twoWays: open('TwoWays', [consumer('Audience'), consumer('Partner')]),
    inOrder: open('InOrder', [consumer('Line')]),
    faulty: open('Faulty', [consumer('Patient')]),
    archived: open('Archived', [consumer('Reader')]),
    undelivered: values['UndeliveredUrl']?.split('/').at(-1) ?? '',
  };
}
