import { createPace } from '../../relay/operate/pace.ts';
import type { Clients } from '../aws/clients.ts';
import { findInbox } from '../aws/find-inbox.ts';
import { depthOf } from '../aws/queues.ts';
import type { InboxPlace } from '../aws/place.ts';
import { confirm } from '../confirm.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { CommonOptions } from '../options.ts';
import { describeNone } from '../queues/describe.ts';
import { toDeadLetter, type QueueMessage } from '../queues/message.ts';
import { giveBack, peek, receive } from '../queues/receive.ts';
import { openClientsFor } from '../session.ts';
import { printJson } from '../view/json.ts';
import { createProgress } from '../view/progress.ts';
import { count } from '../view/table.ts';
import type { World } from '../world.ts';
import { renderDeadLetters } from './render.ts';
import { checkAsked, isAskedFor, type DeadLetterFilter } from './selection.ts';

export interface InboxChangeOptions extends DeadLetterFilter, CommonOptions {
  readonly all?: true;
  readonly rate: number;
  readonly yes?: true;
}

/** What differs between the commands that change what is in a dead-letter queue. */
export interface InboxChange {
  readonly verb: 'redrive' | 'discard';
  /** What is done to one message; asked for when it is sure that it is to be done. */
  readonly prepare: (inbox: InboxPlace, clients: Clients) => Promise<MessageChange>;
}

/** Answers false for a message that is left where it is, since it came back from the same change. */
export type MessageChange = (message: QueueMessage) => Promise<boolean>;

const looked = 1_000;
const rowsShown = 20;

/** Shows what would be done to messages of a dead-letter queue, and does it where somebody says so. */
export async function changeDeadLetters(
  { verb, prepare }: InboxChange,
  { args: [name = '', ...ids], options }: { args: readonly string[]; options: InboxChangeOptions },
  world: World,
): Promise<ExitCode> {
  checkAsked(verb, ids, options);
  const clients = openClientsFor(options, world);
  const inbox = await findInbox(name, options.stack, clients);
  const isMeant = (message: QueueMessage): boolean => isAskedFor(message, ids, options);
  const seen = await peek(inbox.deadLetterQueueUrl, looked, clients);
  const plan = seen.messages.filter(isMeant);
  const isJson = options.json === true;
  if (!isJson) {
    world.terminal.write(describe(verb, plan, { isCut: seen.isCut, now: world.clock.now() }));
    world.terminal.note(await whyNone(inbox, seen.messages, clients));
  }
  const question = `${verb} ${plan.length}${seen.isCut ? ' or more' : ''}?`;
  const { terminal } = world;
  const isConfirmed =
    plan.length > 0 && (await confirm(question, { yes: options.yes === true, terminal }));
  const result = isConfirmed
    ? await run({ verb, isMeant, change: await prepare(inbox, clients) }, inbox, {
        options,
        clients,
        world,
        expected: plan.length,
      })
    : nothing;
  if (isJson)
    printJson(terminal, {
      ...{ dryRun: !isConfirmed, inbox: inbox.name, found: plan.length },
      ...result,
    });
  else if (isConfirmed) terminal.write(describeResult(verb, result));
  return exitCodeOf(result);
}

/** Where nothing is to be seen: whether that is all, or others have it in hand. */
async function whyNone(
  { deadLetterQueueUrl }: InboxPlace,
  seen: readonly QueueMessage[],
  clients: Clients,
): Promise<string> {
  if (seen.length > 0) return '';
  return `${describeNone(deadLetterQueueUrl, await depthOf(deadLetterQueueUrl, clients))}\n`;
}

const nothing: Result = { done: 0, cameBack: 0 };

function exitCodeOf({ cameBack }: Result): ExitCode {
  return cameBack === 0 ? exitCodes.fine : exitCodes.needsPerson;
}

interface Result {
  readonly done: number;
  /** Messages that the inbox put aside again while others were still being changed. */
  readonly cameBack: number;
}

function describeResult(verb: string, { done, cameBack }: Result): string {
  const back = cameBack === 0 ? '' : `came back at once, and left: ${cameBack}\n`;
  return `${verb}: ${count(done, 'message')}\n${back}`;
}

interface Task {
  readonly verb: string;
  readonly isMeant: (message: QueueMessage) => boolean;
  readonly change: MessageChange;
}

interface Context {
  readonly options: InboxChangeOptions;
  readonly clients: Clients;
  readonly world: World;
  readonly expected: number;
}

async function run(
  { verb, isMeant, change }: Task,
  { deadLetterQueueUrl }: InboxPlace,
  { options, clients, world, expected }: Context,
): Promise<Result> {
  const pace = createPace(options.rate, world.clock);
  const progress = createProgress(world.terminal, verb, expected);
  const others: QueueMessage[] = [];
  const back: QueueMessage[] = [];
  let done = 0;
  for await (const messages of receive(deadLetterQueueUrl, clients)) {
    others.push(...messages.filter((message) => !isMeant(message)));
    // One after the other: the messages of a FIFO queue's group keep their order.
    for (const message of messages.filter(isMeant)) {
      await pace();
      if (await change(message)) done++;
      else back.push(message);
      progress.advance(1);
    }
  }
  progress.end();
  await giveBack(deadLetterQueueUrl, [...others, ...back], clients);
  return { done, cameBack: back.length };
}

function describe(
  verb: string,
  plan: readonly QueueMessage[],
  { isCut, now }: { isCut: boolean; now: number },
): string {
  if (plan.length === 0) return `Nothing to ${verb}.\n`;
  const more = plan.length > rowsShown ? `\n… ${count(plan.length, 'message')} in all` : '';
  const beyond = isCut ? `\nOnly the first ${looked} messages of the queue were looked at.` : '';
  return `${renderDeadLetters(plan.slice(0, rowsShown).map(toDeadLetter), now)}${more}${beyond}\n`;
}
