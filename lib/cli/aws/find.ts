import { definedOnly, groupBy } from '../../core/collections.ts';
import {
  inboxFromEnvironment,
  relayFromEnvironment,
  type DestinationConfig,
  type OrderedConfig,
  type RelayConfig,
} from '../../core/environment.ts';
import { OutboxError } from '../../core/errors.ts';
import type { DestinationAdapter } from '../../delivery/destination.ts';
import { createEventBusDestination } from '../../delivery/destinations/event-bus.ts';
import { createQueueDestination } from '../../delivery/destinations/queue.ts';
import { createTopicDestination } from '../../delivery/destinations/topic.ts';
import { gapCheckVariable } from '../../table/ordered.ts';
import { didYouMean, findNamed } from '../names.ts';
import type { Clients } from './clients.ts';
import { explain, isDenied } from './failure.ts';
import { describeFunction, listFunctions, triggersOf, type FunctionFacts } from './functions.ts';
import { readStack, stackNameOf, type Stack, type StackResource } from './stack.ts';

/** The outboxes that functions of the package belong to, by their tables. */
function outboxesOf(functions: readonly FunctionFacts[], stack?: Stack): OutboxPlace[] {
  const own = functions.filter(({ environment }) => 'OUTBOX_DESTINATIONS' in environment);
  const byTable = groupBy(own, ({ environment }) => environment['OUTBOX_TABLE'] ?? '');
  return [...byTable].map(([tableName, parts]) => toOutbox(tableName, parts, stack));
}

/** The inboxes that functions handle. */
export function inboxesOf(functions: readonly FunctionFacts[]): InboxPlace[] {
  return functions
    .filter(({ environment }) => 'INBOX_NAME' in environment && !(gapCheckVariable in environment))
    .map(({ name, environment }) => ({ ...inboxFromEnvironment(environment), handler: name }))
    .map(({ name, handler, tableName, deadLetterQueueUrl, ordered }) => ({
      name,
      handler,
      tableName,
      deadLetterQueueUrl,
      ...definedOnly({ ordered }),
    }));
}

function toOutbox(
  tableName: string,
  parts: readonly FunctionFacts[],
  stack: Stack | undefined,
): OutboxPlace {
  const sweeper = parts.find((part) => isSweeper(part, stack));
  const relay = parts.find((part) => part !== sweeper);
  const config = relayFromEnvironment((relay ?? sweeper)?.environment ?? {});
  return {
    name: config.path ?? tableName,
    tableName,
    config,
    ...definedOnly({
      relay: relay?.name,
      sweeper: sweeper?.name,
      deployedAt: sweeper?.deployedAt,
      stack,
    }),
  };
}

/** The part of an outbox that a function is, at the end of its path. */
const partPattern = /\/(Relay|Sweeper)\/.*$/;

/** By its path; where the app was deployed without paths, by its name, which CloudFormation makes of the path. */
function isSweeper({ name }: FunctionFacts, stack: Stack | undefined): boolean {
  const part = partPattern.exec(pathOf(name, stack) ?? '')?.[1] ?? name;
  return part.includes('Sweeper');
}

function pathOf(functionName: string, stack: Stack | undefined): string | undefined {
  return stack?.resources.find(({ physicalId }) => physicalId === functionName)?.path;
}

/** An outbox as it was found in an account: its table, and what else is known of it. */
export interface OutboxPlace {
  /** Path of its construct, or where that is not known the name of its table. */
  readonly name: string;
  readonly tableName: string;
  /** What its functions are configured with; absent where none was found. */
  readonly config?: RelayConfig;
  /** Name of the function that delivers. */
  readonly relay?: string;
  /** Name of the function that settles what the relay did not. */
  readonly sweeper?: string;
  /** When the sweeper was last deployed, epoch milliseconds. */
  readonly deployedAt?: number;
  readonly stack?: Stack;
  /** Why its stack could not be read, where it could not. */
  readonly stackUnseen?: string;
}

/** An inbox as it was found in an account. */
export interface InboxPlace {
  /** The name that its markers carry. */
  readonly name: string;
  readonly handler: string;
  readonly tableName: string;
  readonly deadLetterQueueUrl: string;
  /** Present where it handles each aggregate's events in sequence. */
  readonly ordered?: OrderedConfig;
}

/** By what an outbox is named; by nothing, where there is only one. */
export interface OutboxName {
  readonly stack?: string;
  /** Path of its construct, or the end of it. */
  readonly path?: string;
  readonly table?: string;
}

type OutboxServices = Pick<Clients, 'cloudformation' | 'lambda'>;

/**
 * Finds an outbox by its functions, whose environment says all that there is to know.
 *
 * With a stack it looks at the functions of that stack, else at all of the region.
 *
 * @throws OutboxError `OUTBOX_NOT_FOUND`, with the nearest name; `OUTBOX_AMBIGUOUS`, with all of them
 */
export async function findOutbox(name: OutboxName, clients: OutboxServices): Promise<OutboxPlace> {
  if (name.stack !== undefined) {
    const stack = await readStack(name.stack, clients);
    const functions = await functionsOf(stack, clients);
    return pick(outboxesOf(functions, stack), name);
  }
  const found = await listOutboxes(name, clients);
  return withStack(pick(found, name), clients);
}

/** The tables of the outboxes that are to be seen. */
export async function knownTables(clients: OutboxServices): Promise<string[]> {
  return outboxesOf(await orNone(listFunctions(clients))).map(({ tableName }) => tableName);
}

/** The functions of a stack that an outbox or an inbox configured, as far as they may be seen. */
export async function functionsOf(stack: Stack, clients: OutboxServices): Promise<FunctionFacts[]> {
  const functions = stack.resources.filter(isOurs);
  const seen = await Promise.all(
    functions.map(({ physicalId }) => orUndefined(describeFunction(physicalId, clients))),
  );
  return seen.filter((facts) => facts !== undefined);
}

const ourVariables = ['OUTBOX_DESTINATIONS', 'INBOX_NAME'];

/** The template names the variables of a function; where it could not be read, any function may be meant. */
function isOurs({ type, properties }: StackResource): boolean {
  if (type !== 'AWS::Lambda::Function') return false;
  if (properties === undefined) return true;
  const { Variables = {} } = (properties['Environment'] ?? {}) as { Variables?: object };
  return ourVariables.some((name) => name in Variables);
}

/** A table is enough to look at; who may not list functions does without the rest. */
async function listOutboxes(
  { table }: OutboxName,
  clients: OutboxServices,
): Promise<OutboxPlace[]> {
  const functions = await (table === undefined
    ? listFunctions(clients)
    : orNone(listFunctions(clients)));
  const found = outboxesOf(functions);
  if (table === undefined) return found;
  const isKnown = findNamed(table, found, ({ tableName }) => [tableName]).length > 0;
  return isKnown ? found : [{ name: table, tableName: table }];
}

/** The outbox with the stack that it is of, where one says so and CloudFormation answers. */
async function withStack(place: OutboxPlace, clients: OutboxServices): Promise<OutboxPlace> {
  const part = place.relay ?? place.sweeper;
  if (part === undefined) return place;
  try {
    const stack = await stackOf(part, clients);
    if (stack === undefined) return place;
    const functions = await functionsOf(stack, clients);
    return outboxesOf(functions, stack).find((one) => one.tableName === place.tableName) ?? place;
  } catch (error) {
    // The functions say all that is needed of the outbox itself; status and doctor tell what is missing.
    return { ...place, stackUnseen: explain(error) };
  }
}

async function stackOf(functionName: string, clients: OutboxServices): Promise<Stack | undefined> {
  const name = await stackNameOf(functionName, clients);
  return name === undefined ? undefined : readStack(name, clients);
}

function pick(found: readonly OutboxPlace[], name: OutboxName): OutboxPlace {
  const { table, path } = name;
  const ofTable =
    table === undefined ? found : findNamed(table, found, ({ tableName }) => [tableName]);
  const [place, another] =
    path === undefined ? ofTable : findNamed(path, ofTable, ({ name: full }) => [full]);
  if (place === undefined) throw outboxNotFound(found, name);
  if (another !== undefined) throw outboxAmbiguous(ofTable);
  return place;
}

function outboxNotFound(found: readonly OutboxPlace[], wanted: OutboxName): OutboxError {
  const typed = wanted.path ?? wanted.table;
  const where = wanted.stack === undefined ? 'this region and account' : `stack ${wanted.stack}`;
  const names = [...new Set(found.flatMap(({ name, tableName }) => [name, tableName]))];
  const what = typed === undefined ? 'no outbox' : `no outbox ${typed}`;
  const hint = typed === undefined ? '' : didYouMean(typed, names);
  const known =
    found.length === 0
      ? ' Name one with --stack or --table, or another --region or --profile'
      : ` There are:\n${waysToName(found)}`;
  return new OutboxError('OUTBOX_NOT_FOUND', `there is ${what} in ${where}.${hint}${known}`, {
    details: { ...wanted, found: names },
  });
}

function outboxAmbiguous(found: readonly OutboxPlace[]): OutboxError {
  return new OutboxError(
    'OUTBOX_AMBIGUOUS',
    `there are ${found.length} outboxes here; say which:\n${waysToName(found)}`,
    { details: { found: found.map(({ tableName }) => tableName) } },
  );
}

function waysToName(found: readonly OutboxPlace[]): string {
  const lines = found.map(({ name, tableName }) =>
    name === tableName ? `  --table ${tableName}` : `  --outbox ${name} (table ${tableName})`,
  );
  return lines.join('\n');
}

function orNone<T>(answer: Promise<T[]>): Promise<T[]> {
  return orUndefined(answer).then((found) => found ?? []);
}

/** What may not be seen is done without. */
async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw error;
  }
}

/**
 * Opens a destination of an outbox as its relay would, but with the operator's own rights. The clients are those of the
 * destination's region: a client calls one region and signs for it.
 */
export function openDestination(
  config: DestinationConfig,
  { eventbridge, sqs, sns }: Pick<Clients, 'eventbridge' | 'sqs' | 'sns'>,
): DestinationAdapter {
  switch (config.kind) {
    case 'bus':
      return createEventBusDestination(config, eventbridge);
    case 'queue':
      return createQueueDestination(config, sqs);
    case 'topic':
      return createTopicDestination(config, sns);
  }
}

type InboxServices = Pick<Clients, 'cloudformation' | 'lambda'>;

/** The inboxes of a stack, or of the region, by name. */
export async function listInboxes(
  stackName: string | undefined,
  clients: InboxServices,
): Promise<InboxPlace[]> {
  const functions = await (stackName === undefined
    ? listFunctions(clients)
    : readStack(stackName, clients).then((stack) => functionsOf(stack, clients)));
  return inboxesOf(functions).toSorted((a, b) => a.name.localeCompare(b.name));
}

/**
 * The inbox of a name, or of the end of one, in upper or lower case: `Billing` for `ShopBilling/Billing`.
 *
 * @throws OutboxError `OUTBOX_NOT_FOUND`, with the nearest name; `OUTBOX_AMBIGUOUS`, with all of them
 */
export async function findInbox(
  name: string,
  stackName: string | undefined,
  clients: InboxServices,
): Promise<InboxPlace> {
  const inboxes = await listInboxes(stackName, clients);
  const meant = findNamed(name, inboxes, (inbox) => [inbox.name]);
  const [inbox, another] = meant;
  if (inbox === undefined) throw inboxNotFound(name, inboxes);
  if (another !== undefined) throw inboxAmbiguous(name, meant);
  return inbox;
}

/** ARN of the queue that an inbox's handler is fed from; `undefined` where it has no trigger, or several. */
export async function queueOf(
  { handler }: InboxPlace,
  clients: InboxServices,
): Promise<string | undefined> {
  const triggers = await triggersOf(handler, clients);
  const queues = triggers.map(({ EventSourceArn }) => EventSourceArn ?? '');
  const [queue, another] = queues.filter((arn) => arn.includes(':sqs:'));
  return another === undefined ? queue : undefined;
}

function inboxNotFound(name: string, inboxes: readonly InboxPlace[]): OutboxError {
  return notFound(
    'inbox',
    name,
    inboxes.map((inbox) => inbox.name),
  );
}

/** The error for a name that is not found, with the names that are. */
function notFound(kind: 'inbox' | 'saga', name: string, names: readonly string[]): OutboxError {
  const known = names.length === 0 ? 'There is none here.' : `There are ${names.join(', ')}.`;
  return new OutboxError(
    'OUTBOX_NOT_FOUND',
    `there is no ${kind} ${name}.${didYouMean(name, names)} ${known}`,
    { details: { [kind]: name, found: names } },
  );
}

function inboxAmbiguous(name: string, found: readonly InboxPlace[]): OutboxError {
  const names = found.map((inbox) => `${inbox.name} (handled by ${inbox.handler})`);
  return new OutboxError(
    'OUTBOX_AMBIGUOUS',
    `there are ${found.length} inboxes ${name}: ${names.join(', ')}. Say which stack with --stack`,
    { details: { inbox: name, found: names } },
  );
}

type SagaServices = Pick<Clients, 'cloudformation' | 'lambda'>;

/** A saga as it was found in an account. */
export interface FoundSaga {
  /** The name of its inbox. */
  readonly name: string;
  /** The name of its definition. */
  readonly sagaName: string;
  readonly handler: string;
  readonly tableName: string;
}

/** The sagas of a stack, or of the region, by name. */
export async function listSagas(
  stackName: string | undefined,
  clients: SagaServices,
): Promise<FoundSaga[]> {
  const functions = await (stackName === undefined
    ? listFunctions(clients)
    : readStack(stackName, clients).then((stack) => functionsOf(stack, clients)));
  return functions
    .flatMap(({ name: handler, environment }) => {
      const { SAGA_NAME: sagaName, SAGA_TABLE: tableName, INBOX_NAME: name } = environment;
      if (sagaName === undefined || tableName === undefined || name === undefined) return [];
      return [{ name, sagaName, handler, tableName }];
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/**
 * The saga of a name: its definition's, its inbox's, or the end of that.
 *
 * @throws OutboxError `OUTBOX_NOT_FOUND`, with the nearest name; `OUTBOX_AMBIGUOUS`, with all of them
 */
export async function findSaga(
  named: string,
  stackName: string | undefined,
  clients: SagaServices,
): Promise<FoundSaga> {
  const sagas = await listSagas(stackName, clients);
  const [saga, ...others] = findNamed(named, sagas, ({ name, sagaName }) => [name, sagaName]);
  if (saga === undefined) throw sagaNotFound(named, sagas);
  if (others.length > 0) throw sagaAmbiguous(named, [saga, ...others]);
  return saga;
}

function sagaNotFound(name: string, sagas: readonly FoundSaga[]): OutboxError {
  return notFound(
    'saga',
    name,
    sagas.flatMap((saga) => [saga.name, saga.sagaName]),
  );
}

function sagaAmbiguous(named: string, found: readonly FoundSaga[]): OutboxError {
  const names = found.map(({ name, handler }) => `${name} (handled by ${handler})`);
  return new OutboxError(
    'OUTBOX_AMBIGUOUS',
    `there are ${found.length} sagas ${named}: ${names.join(', ')}. Say which by its whole name, or its stack with --stack`,
    { details: { saga: named, found: names } },
  );
}
