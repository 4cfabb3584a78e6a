import { Option } from 'commander';

import { createPace } from '../../core/concurrency.ts';
import { OutboxError } from '../../core/errors.ts';
import type { Clients } from '../aws/clients.ts';
import { findInbox, queueOf, type InboxPlace } from '../aws/find.ts';
import { depthOf, urlOfQueue } from '../aws/queues.ts';
import { exitCodes, type CommandSpec, type ExitCode } from '../command.ts';
import { viewOf, type CliContext } from '../context.ts';
import { rateOption, yesOption, type CommonOptions } from '../options.ts';
import { readDeadLetter, type DeadLetter, type QueueMessage } from '../queues/messages.ts';
import {
  createMover,
  drainQueue,
  peek,
  remove,
  type QueueToScan,
  type Scan,
} from '../queues/receive.ts';
import { describeNone, describeRest } from '../queues/redrive-queue.ts';
import { openClientsFor } from '../session.ts';
import { confirm } from '../terminal.ts';
import { createProgress, printJson } from '../view/format.ts';
import { count, type View } from '../view/table.ts';
import { renderDeadLetters } from './render.ts';
import {
  checkAsked,
  deadLetterOptions,
  matchesFilter,
  type DeadLetterFilter,
} from './selection.ts';

/** Gives what an inbox could not handle back to it. */
export const inboxRedrive: CommandSpec<InboxChangeOptions> = {
  name: 'inbox redrive',
  takes: '<inbox> [message-or-event-id...]',
  summary: 'give what an inbox could not handle back to it',
  details: `First shows what would be done. If it breaks off, the same command does the rest: a message that was sent and not
yet deleted comes twice, and the inbox drops the second. One that the inbox refuses again while this runs is left.`,
  options: () => [
    ...deadLetterOptions(),
    new Option('--all', 'all of its dead-letter queue'),
    rateOption(100),
    yesOption(),
  ],
  examples: [
    'outbox inbox redrive Billing --all',
    'outbox inbox redrive Billing --reason EVENT_INVALID --rate 10 --yes',
    'outbox inbox redrive Billing 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00',
  ],
  run: (call, world) =>
    changeDeadLetters(
      {
        verb: 'redrive',
        prepare: async (queue, { inbox, clients }) => {
          const to = await queueUrlOf(inbox, clients);
          const move = createMover(queue, world.clock.now());
          return async (message) => {
            const did = await move(message, to);
            return did === 'moved' ? 'done' : did;
          };
        },
      },
      call,
      world,
    ),
};

async function queueUrlOf(inbox: InboxPlace, clients: Clients): Promise<string> {
  const queue = await queueOf(inbox, clients);
  if (queue !== undefined) return urlOfQueue(queue, clients);
  throw new OutboxError(
    'OUTBOX_NOT_FOUND',
    `the queue of inbox ${inbox.name} was not found: its handler ${inbox.handler} must have one trigger by a queue. outbox redrive-queue takes the queue as --to`,
    { details: { inbox: inbox.name, handler: inbox.handler } },
  );
}

/** Deletes what an inbox could not handle. */
export const inboxDiscard: CommandSpec<InboxChangeOptions> = {
  name: 'inbox discard',
  takes: '<inbox> [message-or-event-id...]',
  summary: 'delete what an inbox could not handle',
  details:
    'It is not handled any more by this inbox; other consumers of the event are not concerned. First shows what would be done.',
  options: () => [
    ...deadLetterOptions(),
    new Option('--all', 'all of its dead-letter queue'),
    rateOption(100),
    yesOption(),
  ],
  examples: [
    'outbox inbox discard Billing 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00',
    'outbox inbox discard Billing --reason MESSAGE_INVALID',
  ],
  run: (call, world) =>
    changeDeadLetters(
      {
        verb: 'discard',
        prepare: ({ queueUrl, clients }) => {
          const startedAt = world.clock.now();
          return Promise.resolve(async (message) => {
            if (message.sentAt > startedAt) return 'arrived';
            await remove(queueUrl, message, clients);
            return 'done';
          });
        },
      },
      call,
      world,
    ),
};

interface InboxChangeOptions extends DeadLetterFilter, CommonOptions {
  readonly all?: true;
  readonly rate: number;
  readonly yes?: true;
}

/** What differs between the commands that change what is in a dead-letter queue. */
export interface InboxChange {
  readonly verb: 'redrive' | 'discard';
  /** What is done to one message; asked for when it is sure that it is to be done. */
  readonly prepare: (
    queue: QueueToScan,
    { inbox, clients }: { inbox: InboxPlace; clients: Clients },
  ) => Promise<MessageChange>;
}

/** Changes one message, or says why it stays where it is. */
export type MessageChange = (message: QueueMessage) => Promise<'done' | 'came back' | 'arrived'>;

const looked = 1_000;
const rowsShown = 20;

/** Shows what would be done to messages of a dead-letter queue, and does it where somebody says so. */
async function changeDeadLetters(
  { verb, prepare }: InboxChange,
  { args: [name = '', ...ids], options }: { args: readonly string[]; options: InboxChangeOptions },
  world: CliContext,
): Promise<ExitCode> {
  checkAsked(verb, ids, options);
  const clients = openClientsFor(options, world);
  const inbox = await findInbox(name, options.stack, clients);
  const isMeant = (message: QueueMessage): boolean => matchesFilter(message, ids, options);
  const queue = { queueUrl: inbox.deadLetterQueueUrl, clients, clock: world.clock };
  const { picked: plan, ...peeked } = await peek(queue, looked, (message) =>
    isMeant(message) ? readDeadLetter(message) : undefined,
  );
  const isJson = options.json === true;
  if (!isJson) {
    world.terminal.write(describe(verb, plan, { isCut: peeked.isCut, ...viewOf(world) }));
    world.terminal.note(await whyNone(inbox, peeked, clients));
  }
  const question = `${verb} ${plan.length}${peeked.isCut ? ' or more' : ''}?`;
  const { terminal } = world;
  const mayBeMore = peeked.isCut && plan.length === 0;
  const isConfirmed =
    (plan.length > 0 || mayBeMore) &&
    (await confirm(question, { yes: options.yes === true, terminal }));
  const task = { verb, isMeant, expected: plan.length };
  const result = isConfirmed
    ? await run(task, await prepare(queue, { inbox, clients }), { queue, options, world })
    : nothing;
  if (isJson) {
    printJson(terminal, {
      ...{ dryRun: !isConfirmed, inbox: inbox.name, found: plan.length },
      ...result,
      ...(isConfirmed ? {} : { isCut: peeked.isCut }),
    });
  } else if (isConfirmed) terminal.write(describeResult(verb, result));
  return result.cameBack === 0 && !result.isCut ? exitCodes.fine : exitCodes.needsPerson;
}

/** Where nothing is visible: whether the queue is empty, or others received its messages. */
async function whyNone(
  { deadLetterQueueUrl }: InboxPlace,
  { seen }: Scan,
  clients: Clients,
): Promise<string> {
  if (seen > 0) return '';
  return `${describeNone(deadLetterQueueUrl, await depthOf(deadLetterQueueUrl, clients))}\n`;
}

const nothing: Result = { done: 0, others: 0, cameBack: 0, arrived: 0, isCut: false };

interface Result {
  readonly done: number;
  /** Messages that were not asked for: they were given back. */
  readonly others: number;
  /** Messages that were given to the inbox, and that it put aside again while the command ran. */
  readonly cameBack: number;
  /** Messages that arrived while the command ran. */
  readonly arrived: number;
  /** Whether there may be more that were not looked at. */
  readonly isCut: boolean;
}

function describeResult(verb: string, { done, others, ...rest }: Result): string {
  const given = others === 0 ? '' : `not asked for, and given back: ${others}\n`;
  return `${verb}: ${count(done, 'message')}\n${given}${describeRest(rest)}`;
}

interface Task {
  readonly verb: string;
  readonly isMeant: (message: QueueMessage) => boolean;
  /** Messages that the plan named. */
  readonly expected: number;
}

interface Context {
  readonly queue: QueueToScan;
  readonly options: InboxChangeOptions;
  readonly world: CliContext;
}

async function run(
  { verb, isMeant, expected }: Task,
  change: MessageChange,
  { queue, options, world }: Context,
): Promise<Result> {
  const pace = createPace(options.rate, world.clock);
  const progress = createProgress(world.terminal, verb, expected);
  const noneKept = { others: 0, cameBack: 0, arrived: 0 };
  let kept = { ...noneKept };
  let done = 0;
  const { isCut } = await drainQueue(queue, () => {
    kept = { ...noneKept };
    return async (message) => {
      if (!isMeant(message)) {
        kept.others++;
        return 'left';
      }
      await pace();
      progress.advance(1);
      const did = await change(message);
      if (did === 'done') {
        done++;
        return 'taken';
      }
      kept[did === 'came back' ? 'cameBack' : 'arrived']++;
      return 'left';
    };
  });
  progress.end();
  return { done, ...kept, isCut };
}

function describe(
  verb: string,
  plan: readonly DeadLetter[],
  { isCut, ...view }: View & { isCut: boolean },
): string {
  if (plan.length === 0) {
    return isCut
      ? `None of the first ${looked} messages is asked for; the queue holds more.\n`
      : `Nothing to ${verb}.\n`;
  }
  const more = plan.length > rowsShown ? `\n… ${count(plan.length, 'message')} in all` : '';
  const beyond = isCut ? `\nOnly the first ${looked} messages of the queue were looked at.` : '';
  return `${renderDeadLetters(plan.slice(0, rowsShown), view)}${more}${beyond}\n`;
}
