import { Option } from 'commander';

import { OutboxError } from '../../core/errors.ts';
import { createDocumentClient } from '../../dynamodb/client.ts';
import { createDynamoDBTransactor } from '../../dynamodb/transactor.ts';
import {
  isUnplaced,
  pass,
  readGaps,
  readStanding,
  type PassPorts,
  type Standing,
} from '../../inbox/ordered/gaps.ts';
import { readRangeWith } from '../../inbox/ordered/history.ts';
import { putBackOn } from '../../inbox/ordered/put-back.ts';
import type { Clients } from '../aws/clients.ts';
import { findInbox, type InboxPlace } from '../aws/find.ts';
import { callerIdentity } from '../aws/functions.ts';
import { exitCodes, type CommandSpec, type ExitCode } from '../command.ts';
import type { CliContext } from '../context.ts';
import { yesOption, type CommonOptions } from '../options.ts';
import { openClientsFor } from '../session.ts';
import { confirm } from '../terminal.ts';
import { printJson } from '../view/format.ts';
import { count, renderTable } from '../view/table.ts';

/** Ends a gap of an ordered inbox by hand. */
export const inboxSkip: CommandSpec<PassOptions> = {
  name: 'inbox skip',
  takes: '<inbox> <aggregate...>',
  summary: 'skip missing events of an aggregate in an ordered inbox',
  details: `The inbox no longer handles them, even if they arrive later. Other consumers are not affected.
If no event is missing and the next one keeps failing, that one is skipped.
First check whether it can be repaired: outbox inbox ls shows dead letters, outbox replay delivers again.`,
  options: () => [
    new Option('--reason <reason>', 'recorded in the audit log').default('', 'none'),
    yesOption(),
  ],
  examples: ["outbox inbox skip Billing order/42 --reason 'test data'"],
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
    new Option('--reason <reason>', 'recorded in the audit log').default('', 'none'),
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
  throw new OutboxError('OPTION_INVALID', 'say what to adopt: aggregates, or --all', {
    details: {},
  });
}

/** What every command that ends gaps takes. */
interface PassOptions extends CommonOptions {
  readonly reason: string;
  readonly yes?: true;
}

/** What is done about which aggregates of an inbox. */
export interface PassTask {
  readonly verb: 'skip' | 'adopt';
  readonly inbox: string;
  readonly standings: readonly Standing[];
}

interface Context {
  readonly options: PassOptions;
  readonly ports: PassPorts;
  readonly clients: Clients;
  readonly world: CliContext;
}

/** Shows what would be passed over, and does it where somebody says so. */
async function passOver(task: PassTask, context: Context): Promise<ExitCode> {
  const { options, world } = context;
  const { terminal } = world;
  const plan = task.standings.filter((standing) => isMeant(task, standing));
  const isJson = options.json === true;
  if (!isJson) terminal.write(describe(task, plan, terminal.width));
  const question = `${task.verb} ${plan.length}?`;
  const isConfirmed =
    plan.length > 0 && (await confirm(question, { yes: options.yes === true, terminal }));
  const changed = isConfirmed ? await passAll(task, plan, context) : [];
  const left = task.standings.length - plan.length;
  const done = isConfirmed ? plan.length - changed.length : 0;
  if (isJson) {
    printJson(terminal, {
      dryRun: !isConfirmed,
      inbox: task.inbox,
      found: plan.length,
      done,
      changed,
    });
  } else if (isConfirmed) terminal.write(describeDone(task, done, changed));
  return left + changed.length === 0 ? exitCodes.fine : exitCodes.needsPerson;
}

/** `adopt` needs an aggregate without a cursor, `skip` one that has a cursor. */
function isMeant({ verb }: PassTask, standing: Standing): boolean {
  if (standing.inTheWay === undefined) return false;
  return isUnplaced(standing) === (verb === 'adopt');
}

/** Returns the aggregates that another operator changed in the meantime. They are left unchanged. */
async function passAll(
  { verb }: PassTask,
  plan: readonly Standing[],
  { options, ports, clients, world }: Context,
): Promise<string[]> {
  const by = await callerIdentity(clients, world);
  const changed: string[] = [];
  for (const standing of plan) {
    const at = world.clock.now();
    const { aggregate } = standing;
    const note = { id: world.newId(at), action: verb, at, by, reason: options.reason, aggregate };
    if ((await pass(standing, note, ports)) === 'changed') changed.push(aggregate);
  }
  return changed;
}

const rowsShown = 20;

function describe(task: PassTask, plan: readonly Standing[], width: number | undefined): string {
  const alone = task.standings
    .filter((standing) => !isMeant(task, standing))
    .map((standing) => `Left alone: ${standing.aggregate}, ${whyNot(standing)}\n`)
    .slice(0, rowsShown);
  if (plan.length === 0) return `Nothing to ${task.verb}.\n${alone.join('')}`;
  const rows = plan
    .slice(0, rowsShown)
    .map(({ aggregate, inTheWay, lowest }) => [
      aggregate,
      `${inTheWay?.from ?? ''} to ${inTheWay?.to ?? ''}`,
      String(lowest?.sequence ?? ''),
    ]);
  const more = plan.length > rowsShown ? `… ${count(plan.length, 'aggregate')} in all\n` : '';
  const table = renderTable(['aggregate', 'passed over', 'waits'], rows, width);
  return `${table}\n${more}${alone.join('')}`;
}

function whyNot(standing: Standing): string {
  if (standing.inTheWay === undefined) return 'nothing of it waits';
  return isUnplaced(standing)
    ? 'it has no beginning yet: outbox inbox adopt'
    : 'it is in the middle of its history: outbox inbox skip';
}

function describeDone({ verb }: PassTask, done: number, changed: readonly string[]): string {
  const moved = changed.map((name) => `moved on meanwhile, and left alone: ${name}\n`);
  return `${verb}: ${count(done, 'aggregate')}\n${moved.join('')}`;
}

/**
 * What looking at an inbox's gaps and ending them takes.
 *
 * @throws OutboxError `OPTION_INVALID` for an inbox that is not ordered
 */
export function openGaps(inbox: InboxPlace, clients: Clients, world: CliContext): PassPorts {
  const { name, tableName, ordered } = inbox;
  if (ordered === undefined) {
    throw new OutboxError('OPTION_INVALID', `inbox ${name} is not ordered: it has no gaps`, {
      details: { inbox: name },
    });
  }
  const documents = createDocumentClient(clients.dynamodb);
  const { clock, random } = world;
  return {
    config: { name, tableName },
    transactor: createDynamoDBTransactor(documents),
    readRange: readRangeWith(clients.dynamodb),
    putBack: putBackOn(ordered.queueUrl, clients.sqs),
    clock,
    random,
  };
}
