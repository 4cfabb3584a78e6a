import { Option } from 'commander';

import { definedOnly } from '../../core/collections.ts';
import {
  listGaps,
  readAudit,
  readGaps,
  readStanding,
  type OpenGap,
} from '../../inbox/ordered/gaps.ts';
import type { Clients } from '../aws/clients.ts';
import { findInbox, listInboxes, type InboxPlace } from '../aws/find.ts';
import { depthOf, lookAtInboxQueues } from '../aws/queues.ts';
import { exitCodes, type CommandSpec, type ExitCode } from '../command.ts';
import { viewOf, type CliContext } from '../context.ts';
import { toNumber, type CommonOptions } from '../options.ts';
import { readDeadLetter, type DeadLetter, type QueueMessage } from '../queues/messages.ts';
import { peek, scanQueue } from '../queues/receive.ts';
import { describeNone } from '../queues/redrive-queue.ts';
import { openClientsFor } from '../session.ts';
import { renderData } from '../show.ts';
import { duration, printJson } from '../view/format.ts';
import { count, renderTable } from '../view/table.ts';
import { openGaps } from './gaps.ts';
import {
  queueCells,
  queueHead,
  renderDeadLetter,
  renderDeadLetters,
  renderGaps,
  renderStanding,
} from './render.ts';
import { deadLetterOptions, matchesFilter, type DeadLetterFilter } from './selection.ts';

interface InboxListOptions extends DeadLetterFilter, CommonOptions {
  readonly limit: number;
}

/** The inboxes there are, or what one of them could not handle, and what waits in it for an earlier event. */
export const inboxLs: CommandSpec<InboxListOptions> = {
  name: 'inbox ls',
  takes: '[inbox]',
  summary: 'the inboxes, or what an inbox could not handle and why, and the gaps of an ordered one',
  details: 'Looking at messages counts as receiving them. Gaps are shown where no filter is given.',
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
      : showInbox(name, { options, clients, world });
  },
};

interface InboxesContext {
  readonly options: InboxListOptions;
  readonly clients: Clients;
  readonly world: CliContext;
}

async function showInboxes({ options, clients, world }: InboxesContext): Promise<ExitCode> {
  const places = await listInboxes(options.stack, clients);
  const queues = await lookAtInboxQueues(places, clients, world.clock.now());
  const inboxes = await Promise.all(
    places.map(async (inbox, index) => ({
      ...inbox,
      ...(queues[index] ?? { mapping: 'unknown' }),
      deadLetters: await depthOf(inbox.deadLetterQueueUrl, clients),
      ...(await gapsOf(inbox, { clients, world })),
    })),
  );
  const { terminal } = world;
  if (options.json === true) printJson(terminal, { inboxes });
  else if (inboxes.length === 0) terminal.note('There is no inbox here.\n');
  else {
    const rows = inboxes.map(({ name, handler, deadLetters, gaps, ...queue }) => [
      name,
      handler,
      ...queueCells(queue),
      deadLetters,
      String(gaps ?? 'not ordered'),
    ]);
    terminal.write(
      `${renderTable(['inbox', 'handler', ...queueHead, 'dead letters', 'gaps'], rows, terminal.width)}\n`,
    );
  }
  const isAnyStuck = inboxes.some(({ deadLetters, gaps = 0 }) => deadLetters + gaps > 0);
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

/** Gaps that are counted in each of the list's 8 partitions. */
const mostCounted = 100;

async function gapsOf(
  inbox: InboxPlace,
  { clients, world }: Pick<InboxesContext, 'clients' | 'world'>,
): Promise<{ gaps?: number }> {
  if (inbox.ordered === undefined) return {};
  return { gaps: (await listGaps(mostCounted, openGaps(inbox, clients, world))).length };
}

async function showInbox(name: string, context: InboxesContext): Promise<ExitCode> {
  const { options, clients, world } = context;
  const { terminal } = world;
  const inbox = await findInbox(name, options.stack, clients);
  const looked = await lookAtLetters(inbox, context);
  const { letters, isCut } = looked;
  const gaps = await lookAtGaps(inbox, context);
  if (options.json === true) {
    printJson(terminal, { inbox: inbox.name, messages: letters, isCut, ...definedOnly({ gaps }) });
  } else {
    await tellQueue(inbox, context);
    await tellLetters(inbox, looked, context);
    if (gaps !== undefined && gaps.length > 0)
      terminal.write(`\n${renderGaps(gaps, terminal.width)}\n`);
  }
  const isStuck = letters.length + (gaps?.length ?? 0) > 0;
  return isStuck ? exitCodes.needsPerson : exitCodes.fine;
}

/** What waits in the inbox's own queue: messages that expire there reach no dead-letter queue. */
async function tellQueue(inbox: InboxPlace, { clients, world }: InboxesContext): Promise<void> {
  const { terminal, clock } = world;
  const [queue] = await lookAtInboxQueues([inbox], clients, clock.now());
  if (queue === undefined) return;
  if (queue.mapping === 'Missing') {
    terminal.note(`The handler ${inbox.handler} has no event source mapping of a queue.\n`);
    return;
  }
  const { messages, oldestMs, mapping, queue: name } = queue;
  const depth = messages === undefined ? 'unknown' : count(messages, 'message');
  const age =
    messages === 0 || oldestMs === undefined ? '' : `, the oldest of ${duration(oldestMs)} ago`;
  terminal.note(
    `Queue ${name ?? 'unknown'}: ${depth}${age}; event source mapping ${mapping.toLowerCase()}\n`,
  );
}

interface LookedAt {
  /** What was asked for, of the messages that were looked at. */
  readonly letters: readonly DeadLetter[];
  readonly seen: number;
  readonly isCut: boolean;
}

async function lookAtLetters(
  { deadLetterQueueUrl }: InboxPlace,
  { options, clients, world: { clock } }: InboxesContext,
): Promise<LookedAt> {
  const queue = { queueUrl: deadLetterQueueUrl, clients, clock };
  const { picked, seen, isCut } = await peek(queue, options.limit, (message) =>
    matchesFilter(message, [], options) ? readDeadLetter(message) : undefined,
  );
  return { letters: picked, seen, isCut };
}

/** `undefined` where the inbox is not ordered, or the question is about dead letters alone. */
async function lookAtGaps(
  inbox: InboxPlace,
  { options, clients, world }: InboxesContext,
): Promise<OpenGap[] | undefined> {
  const isFiltered = options.type !== undefined || options.reason !== undefined;
  if (inbox.ordered === undefined || isFiltered) return undefined;
  const gaps = await readGaps(options.limit, openGaps(inbox, clients, world));
  return gaps.slice(0, options.limit);
}

async function tellLetters(
  inbox: InboxPlace,
  { letters, seen, isCut }: LookedAt,
  { options, clients, world }: InboxesContext,
): Promise<void> {
  const { terminal } = world;
  if (letters.length === 0) terminal.note(`${await whyNone(inbox, seen, clients)}\n`);
  else terminal.write(`${renderDeadLetters(letters, viewOf(world))}\n`);
  if (isCut) terminal.note(`There are more: --limit ${options.limit * 10}\n`);
}

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
  readonly world: CliContext;
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
    if (!matchesFilter(one, [id], {})) return Promise.resolve('left');
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
  const letter = readDeadLetter(message);
  const isWithData = options.data === true;
  if (options.json === true) {
    printJson(terminal, { ...letter, ...(isWithData ? { body: message.body } : {}) });
  } else {
    terminal.write(`${renderDeadLetter(letter, viewOf(world))}\n`);
    if (isWithData) terminal.write(`\n${renderData(message.body)}\n`);
  }
  return exitCodes.fine;
}
