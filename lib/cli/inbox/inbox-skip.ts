import { Option } from 'commander';

import { readStanding } from '../../inbox/ordered/operate.ts';
import { findInbox } from '../aws/find-inbox.ts';
import { openGaps } from './gap-ports.ts';
import { passOver, type PassOptions } from './pass.ts';
import { yesOption } from '../options.ts';
import { openClientsFor } from '../session.ts';
import type { CommandSpec } from '../command.ts';

/** Ends a gap of an ordered inbox by hand. */
export const inboxSkip: CommandSpec<PassOptions> = {
  name: 'inbox skip',
  takes: '<inbox> <aggregate...>',
  summary: 'have an ordered inbox go on without the events that are in the way',
  details: `The inbox does not handle them any more, also where they come after all; other consumers are not concerned.
Where nothing is missing and the next event fails again and again, that one is passed over.
First look whether it can be mended: outbox inbox ls shows dead letters, outbox replay delivers again.`,
  options: () => [new Option('--why <reason>', 'for the record').default('', 'none'), yesOption()],
  examples: ["outbox inbox skip Billing order/42 --why 'test data'"],
  run: async ({ args: [name = '', ...aggregates], options }, world) => {
    const clients = openClientsFor(options, world);
    const inbox = await findInbox(name, options.stack, clients);
    const ports = openGaps(inbox, clients, world);
    const standings = await Promise.all(
      [...new Set(aggregates)].map((aggregate) => readStanding(aggregate, ports)),
    );
    const task = { verb: 'skip', inbox: inbox.name, standings } as const;
    return passOver(task, { options, ports, clients, world });
  },
};
