import { Option } from 'commander';

import { findInbox, listInboxes } from '../aws/find-inbox.ts';
import type { Clients } from '../aws/clients.ts';
import type { InboxPlace } from '../aws/place.ts';
import { depthOf } from '../aws/queues.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { renderDeadLetters } from '../inbox/render.ts';
import { deadLetterOptions, isAskedFor, type DeadLetterFilter } from '../inbox/selection.ts';
import { toNumber, type CommonOptions } from '../options.ts';
import { describeNone } from '../queues/describe.ts';
import { toDeadLetter } from '../queues/message.ts';
import { peek } from '../queues/receive.ts';
import { openClientsFor } from '../session.ts';
import { printJson } from '../view/json.ts';
import { count, renderTable } from '../view/table.ts';
import type { World } from '../world.ts';
import type { CommandSpec } from './command.ts';

interface InboxListOptions extends DeadLetterFilter, CommonOptions {
  readonly limit: number;
}

/** The inboxes there are, or what one of them could not handle. */
export const inboxLs: CommandSpec<InboxListOptions> = {
  name: 'inbox ls',
  takes: '[inbox]',
  summary: 'the inboxes, or what an inbox could not handle and why',
  details: 'Looking at messages counts as receiving them.',
  options: () => [
    ...deadLetterOptions(),
    new Option('--limit <number>', 'messages to look at')
      .argParser(toNumber(1, 10_000))
      .default(50),
  ],
  examples: [
    'outbox inbox ls',
    'outbox inbox ls Billing',
    'outbox inbox ls Billing --reason HANDLER_REJECTED',
  ],
  run: async ({ args: [name], options }, world) => {
    const clients = openClientsFor(options, world);
    return name === undefined
      ? showInboxes({ options, clients, world })
      : showDeadLetters(name, { options, clients, world });
  },
};

interface Context {
  readonly options: InboxListOptions;
  readonly clients: Clients;
  readonly world: World;
}

async function showInboxes({ options, clients, world }: Context): Promise<ExitCode> {
  const inboxes = await Promise.all(
    (await listInboxes(options.stack, clients)).map(async (inbox) => ({
      ...inbox,
      deadLetters: await depthOf(inbox.deadLetterQueueUrl, clients),
    })),
  );
  const { terminal } = world;
  if (options.json === true) printJson(terminal, { inboxes });
  else if (inboxes.length === 0) terminal.note('There is no inbox here.\n');
  else {
    const rows = inboxes.map(({ name, handler, deadLetters }) => [name, handler, deadLetters]);
    terminal.write(`${renderTable(['inbox', 'handler', 'dead letters'], rows)}\n`);
  }
  const isAnyStuck = inboxes.some(({ deadLetters }) => deadLetters > 0);
  return isAnyStuck ? exitCodes.needsPerson : exitCodes.fine;
}

async function whyNone(
  { deadLetterQueueUrl }: InboxPlace,
  seen: number,
  clients: Clients,
): Promise<string> {
  return seen === 0
    ? describeNone(deadLetterQueueUrl, await depthOf(deadLetterQueueUrl, clients))
    : `Nothing of that among the ${count(seen, 'message')} of its dead-letter queue that were looked at.`;
}

async function showDeadLetters(
  name: string,
  { options, clients, world }: Context,
): Promise<ExitCode> {
  const inbox = await findInbox(name, options.stack, clients);
  const { messages, isCut } = await peek(inbox.deadLetterQueueUrl, options.limit, clients);
  const letters = messages.filter((message) => isAskedFor(message, [], options)).map(toDeadLetter);
  const { terminal, clock } = world;
  if (options.json === true) printJson(terminal, { inbox: inbox.name, messages: letters, isCut });
  else if (letters.length === 0)
    terminal.note(`${await whyNone(inbox, messages.length, clients)}\n`);
  else terminal.write(`${renderDeadLetters(letters, clock.now())}\n`);
  if (isCut && options.json !== true)
    terminal.note(`There are more: --limit ${options.limit * 10}\n`);
  return letters.length === 0 ? exitCodes.fine : exitCodes.needsPerson;
}
