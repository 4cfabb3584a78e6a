import { Option } from 'commander';

import { readAudit, readStanding } from '../../inbox/ordered/operate.ts';
import type { Clients } from '../aws/clients.ts';
import { findInbox } from '../aws/find-inbox.ts';
import type { InboxPlace } from '../aws/place.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { openGaps } from './gap-ports.ts';
import { renderStanding } from './render-gaps.ts';
import { renderDeadLetter } from './render.ts';
import { isAskedFor } from './selection.ts';
import type { CommonOptions } from '../options.ts';
import { toDeadLetter, type QueueMessage } from '../queues/message.ts';
import { scanQueue } from '../queues/receive.ts';
import { openClientsFor } from '../session.ts';
import { renderData } from '../render-event.ts';
import { printJson } from '../view/json.ts';
import { viewOf, type World } from '../context.ts';
import type { CommandSpec } from '../command.ts';

interface InboxShowOptions extends CommonOptions {
  readonly data?: true;
}

/** All that is known of a message that an inbox could not handle, or of an aggregate that it handles in sequence. */
export const inboxShow: CommandSpec<InboxShowOptions> = {
  name: 'inbox show',
  takes: '<inbox> <message-or-event-or-aggregate>',
  summary: 'one message that an inbox could not handle, or where an ordered one is in an aggregate',
  details: `A queue cannot be searched: looks at its messages until the one is found, which counts as receiving them.
An aggregate (type/id) is looked up in the inbox's table.`,
  options: () => [new Option('--data', 'with the body')],
  examples: [
    'outbox inbox show Billing 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00 --data',
    'outbox inbox show Billing order/42',
  ],
  run: async ({ args: [name = '', subject = ''], options }, world) => {
    const clients = openClientsFor(options, world);
    const inbox = await findInbox(name, options.stack, clients);
    const context = { inbox, options, clients, world };
    return subject.includes('/') ? showAggregate(subject, context) : showLetter(subject, context);
  },
};

interface InboxContext {
  readonly inbox: InboxPlace;
  readonly options: InboxShowOptions;
  readonly clients: Clients;
  readonly world: World;
}

async function showAggregate(
  aggregate: string,
  { inbox, options, clients, world }: InboxContext,
): Promise<ExitCode> {
  const ports = openGaps(inbox, clients, world);
  const standing = await readStanding(aggregate, ports);
  const audit = await readAudit(aggregate, ports);
  const { terminal } = world;
  if (options.json === true) printJson(terminal, { ...standing, audit });
  else terminal.write(`${renderStanding(standing, audit, viewOf(world))}\n`);
  return standing.lowest === undefined ? exitCodes.fine : exitCodes.needsPerson;
}

async function showLetter(
  id: string,
  { inbox, options, clients, world }: InboxContext,
): Promise<ExitCode> {
  const { terminal, clock } = world;
  const queue = { queueUrl: inbox.deadLetterQueueUrl, clients, clock };
  let message: QueueMessage | undefined;
  const { seen, isCut } = await scanQueue(queue, (one) => {
    if (!isAskedFor(one, [id], {})) return Promise.resolve('left');
    message = one;
    return Promise.resolve('last');
  });
  if (message === undefined) {
    const among = isCut ? ` among its first ${seen}` : '';
    terminal.note(
      `outbox: the dead-letter queue of inbox ${inbox.name} shows no message ${id}${among}\n`,
    );
    return exitCodes.failed;
  }
  const letter = toDeadLetter(message);
  const isWithData = options.data === true;
  if (options.json === true) {
    printJson(terminal, { ...letter, ...(isWithData ? { body: message.body } : {}) });
  } else {
    terminal.write(`${renderDeadLetter(letter, viewOf(world))}\n`);
    if (isWithData) terminal.write(`\n${renderData(message.body)}\n`);
  }
  return exitCodes.fine;
}
