import { Option } from 'commander';

import { createPace } from '../../core/pace.ts';
import type { Clients } from '../aws/clients.ts';
import { depthOf, findQueue } from '../aws/queues.ts';
import { confirm } from '../confirm.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { rateOption, yesOption, type CommonOptions } from '../options.ts';
import { bringBack } from './bring-back.ts';
import { describeBroughtBack, describeQueue, toSeen, type SeenMessage } from './describe.ts';
import { peek } from './receive.ts';
import { noTarget, usualTarget } from './target.ts';
import { openClientsFor } from '../session.ts';
import { printJson } from '../view/json.ts';
import { createProgress } from '../view/progress.ts';
import { count } from '../view/table.ts';
import type { World } from '../context.ts';
import type { CommandSpec } from '../command.ts';

interface RedriveQueueOptions extends CommonOptions {
  readonly to?: string;
  readonly rate: number;
  readonly yes?: true;
}

/** Brings back what AWS's own redrive refuses. */
export const redriveQueue: CommandSpec<RedriveQueueOptions> = {
  name: 'redrive-queue',
  takes: '<queue>',
  summary: 'bring back messages from a dead-letter queue that AWS’s own redrive refuses',
  details: `Messages that a bus or a topic could not deliver go back to the queue that they were meant for.
Notes of batches that a relay's trigger gave up are deleted: the entries are in the table, and the sweeper delivers them.
What is neither is left alone. First shows what is there; looking counts as receiving.`,
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
  readonly world: World;
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
