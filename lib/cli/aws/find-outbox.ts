import { OutboxError } from '../../core/errors.ts';
import { didYouMean, findNamed } from '../names.ts';
import type { Clients } from './clients.ts';
import { explain, isDenied } from './failure.ts';
import { describeFunction, listFunctions, type FunctionFacts } from './functions.ts';
import type { OutboxPlace } from './place.ts';
import { outboxesOf } from './places.ts';
import { readStack, stackNameOf, type Stack, type StackResource } from './stack.ts';

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
    facts: { ...wanted, found: names },
  });
}

function outboxAmbiguous(found: readonly OutboxPlace[]): OutboxError {
  return new OutboxError(
    'OUTBOX_AMBIGUOUS',
    `there are ${found.length} outboxes here; say which:\n${waysToName(found)}`,
    { facts: { found: found.map(({ tableName }) => tableName) } },
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
