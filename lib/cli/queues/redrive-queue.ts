import { ListDeadLetterSourceQueuesCommand } from '@aws-sdk/client-sqs';
import { Option } from 'commander';

import { groupBy } from '../../core/collections.ts';
import { createPace, type Pace } from '../../core/concurrency.ts';
import { OutboxError } from '../../core/errors.ts';
import type { Clients } from '../aws/clients.ts';
import { isDenied, isUnsupported, tryToSee } from '../aws/failure.ts';
import { depthOf, findQueue, nameOfQueue, urlOfQueue } from '../aws/queues.ts';
import { readStack, stackNameOf, undeliveredQueue } from '../aws/stack.ts';
import { exitCodes, type CommandSpec, type ExitCode } from '../command.ts';
import type { CliContext } from '../context.ts';
import { rateOption, yesOption, type CommonOptions } from '../options.ts';
import { openClientsFor } from '../session.ts';
import { confirm } from '../terminal.ts';
import { createProgress, printJson } from '../view/format.ts';
import { count, renderTable } from '../view/table.ts';
import {
  kindOf,
  readDeadLetter,
  type DeadLetter,
  type Kind,
  type QueueMessage,
} from './messages.ts';
import {
  createMover,
  drainQueue,
  hiddenSeconds,
  peek,
  remove,
  type QueueToScan,
  type Visited,
} from './receive.ts';

interface RedriveQueueOptions extends CommonOptions {
  readonly to?: string;
  readonly rate: number;
  readonly yes?: true;
}

/** Brings back what AWS's own redrive refuses. */
export const redriveQueue: CommandSpec<RedriveQueueOptions> = {
  name: 'redrive-queue',
  takes: '<queue>',
  summary: 'redrive messages of a dead-letter queue that AWS’s own redrive refuses',
  details: `Messages that a bus or a topic could not deliver go back to the queue that they were meant for.
Records of batches that a relay's event source mapping discarded are deleted: the entries are in the table, and the sweeper
delivers them. Other messages are left alone. First shows what is there; looking counts as receiving.`,
  options: () => [
    new Option('--to <queue>', 'where messages go that do not say so themselves'),
    rateOption(100),
    yesOption(),
  ],
  examples: [
    'outbox redrive-queue Shop-BillingUndeliveredQueue1A2B3C4D-5e6f',
    'outbox redrive-queue https://sqs.eu-west-1.amazonaws.com/123456789012/dead',
    'outbox redrive-queue undelivered --to billing',
  ],
  run: async ({ args: [queue = ''], options }, world) => {
    const clients = openClientsFor(options, world);
    const from = await findQueue(queue, clients);
    const to =
      options.to === undefined
        ? await usualTarget(from, clients)
        : await findQueue(options.to, clients);
    return redrive({ from, to }, { options, clients, world });
  },
};

const looked = 100;

interface Context {
  readonly options: RedriveQueueOptions;
  readonly clients: Clients;
  readonly world: CliContext;
}

/** Where messages are and go. */
interface Way {
  readonly from: string;
  readonly to: string | undefined;
}

async function redrive(way: Way, { options, clients, world }: Context): Promise<ExitCode> {
  const { terminal } = world;
  const messages = await depthOf(way.from, clients);
  const queue = { queueUrl: way.from, clients, clock: world.clock };
  const { picked: some } = await peek(queue, looked, toSeen);
  if (options.json !== true)
    terminal.write(describeQueue(some, { ...way, messages }, terminal.width));
  const question = `Bring back ${count(messages, 'message')}?`;
  const isMeant =
    some.length > 0 && (await confirm(question, { yes: options.yes === true, terminal }));
  if (isMeant) {
    if (way.to === undefined && some.some(hasNoTarget)) throw noTarget(way.from);
    return redriveNow(way, messages, { options, clients, world });
  }
  if (options.json === true) printJson(terminal, { dryRun: true, queue: way.from, messages });
  return exitCodes.fine;
}

async function redriveNow(
  way: Way,
  messages: number,
  { options, clients, world }: Context,
): Promise<ExitCode> {
  const progress = createProgress(world.terminal, 'redrive', messages);
  const pace = createPace(options.rate, world.clock);
  const from = { queueUrl: way.from, clients, clock: world.clock };
  const result = await bringBack({ from, to: way.to, pace, onProgress: progress.advance });
  progress.end();
  if (options.json === true) {
    printJson(world.terminal, { dryRun: false, queue: way.from, ...result });
  } else {
    world.terminal.write(describeBroughtBack(result));
  }
  const isAllDone = result.left + result.cameBack === 0 && !result.isCut;
  return isAllDone ? exitCodes.fine : exitCodes.needsPerson;
}

function hasNoTarget({ kind }: SeenMessage): boolean {
  return kind.kind === 'message' && kind.target === undefined;
}

/** What was done with a queue's messages. */
interface BroughtBack {
  readonly moved: number;
  /** Notes of batches that the relay's trigger discarded. */
  readonly deleted: number;
  /** Messages that are not of an outbox, or that do not say where they were meant to go. */
  readonly left: number;
  /** Messages that were moved, and that their consumer put aside again while the command ran. */
  readonly cameBack: number;
  /** Messages that arrived while the command ran. */
  readonly arrived: number;
  /** Whether there may be more that were not looked at. */
  readonly isCut: boolean;
}

export interface BringBack {
  readonly from: QueueToScan;
  /** Where messages go that do not say so themselves. */
  readonly to: string | undefined;
  readonly pace: Pace;
  readonly onProgress: (messages: number) => void;
}

/** Brings messages back to the queues that they were meant for, until the queue holds nothing but what is left alone. */
async function bringBack({ from, to, pace, onProgress }: BringBack): Promise<BroughtBack> {
  const { queueUrl, clients, clock } = from;
  let [moved, deleted] = [0, 0];
  const nothingLeft = { left: 0, cameBack: 0, arrived: 0 };
  let kept = { ...nothingLeft };
  const targets = new Map<string, string>();
  const move = createMover(from, clock.now());
  const { isCut } = await drainQueue(from, () => {
    kept = { ...nothingLeft };
    return async (message): Promise<Visited> => {
      onProgress(1);
      const kind = kindOf(message);
      if (kind.kind === 'batch') {
        await pace();
        await remove(queueUrl, message, clients);
        deleted++;
        return 'taken';
      }
      const target = await targetOf(kind, to, { targets, clients });
      if (target === undefined) {
        kept.left++;
        return 'left';
      }
      await pace();
      const did = await move(message, target);
      if (did === 'moved') {
        moved++;
        return 'taken';
      }
      kept[did === 'came back' ? 'cameBack' : 'arrived']++;
      return 'left';
    };
  });
  return { moved, deleted, ...kept, isCut };
}

/** The URL of the queue that a message goes to; each ARN is looked up once. */
async function targetOf(
  kind: Kind,
  to: string | undefined,
  { targets, clients }: { targets: Map<string, string>; clients: Pick<Clients, 'sqs'> },
): Promise<string | undefined> {
  if (kind.kind !== 'message') return undefined;
  if (kind.target === undefined) return to;
  const known = targets.get(kind.target) ?? (await urlOfQueue(kind.target, clients));
  targets.set(kind.target, known);
  return known;
}

type Services = Pick<Clients, 'cloudformation' | 'sqs'>;

/**
 * The queue that messages of a dead-letter queue go back to, where they do not say so themselves: the one
 * queue that it is the dead-letter queue of, or the main queue of the same inbox.
 */
async function usualTarget(queueUrl: string, clients: Services): Promise<string | undefined> {
  const [source, another] = await sourcesOf(queueUrl, clients);
  if (another !== undefined) return undefined;
  return source ?? (await queueBeside(queueUrl, clients));
}

/** No target is known for what was found: somebody must say which. */
function noTarget(queueUrl: string): OutboxError {
  const queue = nameOfQueue(queueUrl);
  return new OutboxError(
    'OPTION_INVALID',
    `it is not known where the messages of ${queue} were meant to go: say so with --to`,
    { details: { queue } },
  );
}

/** None where one may not ask, or asks a local AWS that does not know. */
async function sourcesOf(queueUrl: string, { sqs }: Services): Promise<string[]> {
  try {
    const { queueUrls = [] } = await sqs.send(
      new ListDeadLetterSourceQueuesCommand({ QueueUrl: queueUrl }),
    );
    return queueUrls;
  } catch (error) {
    if (isDenied(error) || isUnsupported(error)) return [];
    throw error;
  }
}

async function queueBeside(queueUrl: string, clients: Services): Promise<string | undefined> {
  const seen = await tryToSee(async () => {
    const stackName = await stackNameOf(queueUrl, clients);
    return stackName === undefined ? undefined : readStack(stackName, clients);
  });
  const resources = seen.status === 'seen' ? (seen.value?.resources ?? []) : [];
  const path = resources.find(({ physicalId }) => physicalId === queueUrl)?.path;
  if (path?.endsWith(undeliveredQueue) !== true) return undefined;
  const siblingPath = `${path.slice(0, -undeliveredQueue.length)}/Queue`;
  return resources.find((resource) => resource.path === siblingPath)?.physicalId;
}

/** What the plan of a redrive needs of a message: not its body. */
interface SeenMessage {
  readonly kind: Kind;
  readonly letter: DeadLetter;
}

function toSeen(message: QueueMessage): SeenMessage {
  return { kind: kindOf(message), letter: readDeadLetter(message) };
}

/** What is in a dead-letter queue and where it goes, for a person to judge. */
function describeQueue(
  some: readonly SeenMessage[],
  { from, to, messages }: { from: string; to: string | undefined; messages: number },
  width: number | undefined,
): string {
  if (some.length === 0) return `${describeNone(from, messages)}\n`;
  const groups = groupBy(some, (message) => JSON.stringify(rowOf(message, to)));
  const rows = [...groups].map(([row, { length }]) => [...(JSON.parse(row) as string[]), length]);
  const table = renderTable(['what', 'error', 'goes to', 'messages'], rows, width);
  const cut = messages > some.length ? `, of which ${some.length} were looked at` : '';
  return `${table}\n\n${count(messages, 'message')}${cut}\n`;
}

/** What it means that a queue shows nothing: it is empty, or who looked before still hides what is in it. */
export function describeNone(queueUrl: string, messages: number): string {
  const name = nameOfQueue(queueUrl);
  return messages === 0
    ? `${name} is empty.`
    : `${name} shows none of its ${count(messages, 'message')}: somebody received them just now. Look again in ${hiddenSeconds} seconds.`;
}

/** What was brought back. */
function describeBroughtBack({ moved, deleted, left, ...rest }: BroughtBack): string {
  const leftAlone = left === 0 ? '' : `left alone: ${left}\n`;
  return `brought back: ${count(moved, 'message')}\ndeleted: ${count(deleted, 'note')}\n${leftAlone}${describeRest(rest)}`;
}

/** What a command left of what it was to change, and why. */
export function describeRest({
  cameBack,
  arrived,
  isCut,
}: Pick<BroughtBack, 'cameBack' | 'arrived' | 'isCut'>): string {
  const lines = [
    cameBack === 0 ? '' : `came back at once, and left: ${cameBack}\n`,
    arrived === 0 ? '' : `arrived meanwhile, and left: ${arrived}; run it again\n`,
    isCut ? 'The queue holds more messages than one run looks at; run it again.\n' : '',
  ];
  return lines.join('');
}

function rowOf({ kind, letter }: SeenMessage, to: string | undefined): string[] {
  const { type = '', reason = '' } = letter;
  switch (kind.kind) {
    case 'message':
      return [type, reason, nameOfQueue(kind.target ?? to ?? 'unknown: say --to')];
    case 'batch':
      return ['record of a discarded batch', '', 'nowhere: it is deleted, the sweeper delivers'];
    case 'foreign':
      return ['no message of an outbox', reason, 'nowhere: it is left alone'];
  }
}
