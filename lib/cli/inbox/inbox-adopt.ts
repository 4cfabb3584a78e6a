import { Option } from 'commander';

import { OutboxError } from '../../core/errors.ts';
import {
  isUnplaced,
  readGaps,
  readStanding,
  type PassPorts,
  type Standing,
} from '../../inbox/ordered/operate.ts';
import { findInbox } from '../aws/find-inbox.ts';
import { openGaps } from './gap-ports.ts';
import { passOver, type PassOptions } from './pass.ts';
import { yesOption } from '../options.ts';
import { openClientsFor } from '../session.ts';
import type { CommandSpec } from '../command.ts';

interface AdoptOptions extends PassOptions {
  readonly all?: true;
}

const mostOfEachPartition = 1_000;

/** Has aggregates that are older than an ordered inbox begin where they are. */
export const inboxAdopt: CommandSpec<AdoptOptions> = {
  name: 'inbox adopt',
  takes: '<inbox> [aggregate...]',
  summary: 'have aggregates that an ordered inbox never saw begin with what waits of them',
  details: `For an inbox that joined late and is not to be given what came before by outbox replay.
What came before is not handled any more, also where it comes after all. --all takes up to 8,000 aggregates at once.`,
  options: () => [
    new Option('--all', 'all of them'),
    new Option('--why <reason>', 'for the record').default('', 'none'),
    yesOption(),
  ],
  examples: ['outbox inbox adopt Billing order/42', 'outbox inbox adopt Billing --all --yes'],
  run: async ({ args: [name = '', ...aggregates], options }, world) => {
    checkAsked(aggregates, options);
    const clients = openClientsFor(options, world);
    const inbox = await findInbox(name, options.stack, clients);
    const ports = openGaps(inbox, clients, world);
    const standings = await standingsOf(aggregates, ports);
    const task = { verb: 'adopt', inbox: inbox.name, standings } as const;
    return passOver(task, { options, ports, clients, world });
  },
};

async function standingsOf(
  aggregates: readonly string[],
  ports: PassPorts,
): Promise<readonly Standing[]> {
  if (aggregates.length === 0) {
    return (await readGaps(mostOfEachPartition, ports)).filter(isUnplaced);
  }
  const names = [...new Set(aggregates)];
  return Promise.all(names.map((aggregate) => readStanding(aggregate, ports)));
}

function checkAsked(aggregates: readonly string[], { all }: AdoptOptions): void {
  if (aggregates.length > 0 !== (all === true)) return;
  throw new OutboxError('OPTION_INVALID', 'say what to adopt: aggregates, or --all', { facts: {} });
}
