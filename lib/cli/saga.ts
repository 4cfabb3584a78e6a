import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { Option } from 'commander';

import { toItemKey, toRow } from '../dynamodb/items.ts';
import { createRunningSagas } from '../saga/running-sagas.ts';
import {
  rowToSaga,
  sagaKey,
  type SagaNote,
  type SagaRecord,
  type SagaSummary,
} from '../table/saga.ts';
import type { Clients } from './aws/clients.ts';
import { findSaga, listSagas, type FoundSaga } from './aws/find.ts';
import { exitCodes, type CommandSpec, type ExitCode } from './command.ts';
import { viewOf, type CliContext } from './context.ts';
import type { CommonOptions } from './options.ts';
import { openClientsFor } from './session.ts';
import { renderData } from './show.ts';
import { moment, printJson, relative } from './view/format.ts';
import { renderFacts, renderTable, type View } from './view/table.ts';

interface SagaListOptions {
  readonly overdue?: true;
}

/** The sagas there are, or those of one definition that have not finished. */
export const sagaLs: CommandSpec<SagaListOptions> = {
  name: 'saga ls',
  takes: '[saga]',
  summary: 'the sagas, or those of one that have not finished',
  details:
    'A saga is named by its definition, or by its construct. Those that should have finished come first; what has finished is found by its key: outbox saga show.',
  options: () => [new Option('--overdue', 'only those that should have finished')],
  examples: ['outbox saga ls', 'outbox saga ls fulfilment --overdue'],
  run: async ({ args: [named], options }, world) => {
    const clients = openClientsFor(options, world);
    return named === undefined
      ? showSagas({ options, clients, world })
      : showRunning(named, { options, clients, world });
  },
};

interface Context {
  readonly options: SagaListOptions & CommonOptions;
  readonly clients: Clients;
  readonly world: CliContext;
}

async function showSagas({ options, clients, world }: Context): Promise<ExitCode> {
  const { terminal, clock } = world;
  const sagas = await Promise.all(
    (await listSagas(options.stack, clients)).map(async (place) => {
      const running = await readRunning(place, clients);
      const overdue = running.filter((saga) => isOverdue(saga, clock.now()));
      return { ...place, running: running.length, overdue: overdue.length };
    }),
  );
  if (options.json === true) printJson(terminal, { sagas });
  else if (sagas.length === 0) terminal.note('There is no saga here.\n');
  else {
    const rows = sagas.map((saga) => [saga.name, saga.sagaName, saga.running, saga.overdue]);
    terminal.write(
      `${renderTable(['construct', 'saga', 'running', 'overdue'], rows, terminal.width)}\n`,
    );
  }
  return exitCodeFor(sagas.some(({ overdue }) => overdue > 0));
}

async function showRunning(named: string, { options, clients, world }: Context): Promise<ExitCode> {
  const { terminal, clock } = world;
  const now = clock.now();
  const place = await findSaga(named, options.stack, clients);
  const all = await readRunning(place, clients);
  const sagas = options.overdue === true ? all.filter((saga) => isOverdue(saga, now)) : all;
  if (options.json === true) printJson(terminal, { saga: place.sagaName, running: sagas });
  else if (sagas.length === 0) terminal.note(`No saga ${place.sagaName} of that kind is there.\n`);
  else terminal.write(`${renderRunning(sagas, viewOf(world))}\n`);
  return exitCodeFor(all.some((saga) => isOverdue(saga, now)));
}

function isOverdue({ overdueAt }: SagaSummary, now: number): boolean {
  return overdueAt <= now;
}

function exitCodeFor(isAnyOverdue: boolean): ExitCode {
  return isAnyOverdue ? exitCodes.needsPerson : exitCodes.fine;
}

interface SagaShowOptions {
  readonly data?: true;
}

/** All that is known of one saga. */
export const sagaShow: CommandSpec<SagaShowOptions> = {
  name: 'saga show',
  takes: '<saga> <key>',
  summary: 'one saga with its history',
  details: 'One that has finished is kept for the dedupe window of its inbox.',
  options: () => [new Option('--data', 'with its state')],
  examples: ['outbox saga show fulfilment 42 --data'],
  run: async ({ args: [named = '', key = ''], options }, world) => {
    const { terminal } = world;
    const clients = openClientsFor(options, world);
    const place = await findSaga(named, options.stack, clients);
    const saga = await readSaga(key, place, clients);
    if (saga === undefined) {
      terminal.note(`outbox: there is no saga ${place.sagaName} ${key}, or not any more\n`);
      return exitCodes.failed;
    }
    const { state, compensations, compensating, ...others } = saga;
    const isWithData = options.data === true;
    if (options.json === true) {
      const toUndo = compensations.map(({ name }) => name);
      printJson(
        terminal,
        isWithData
          ? { ...others, compensating, compensations, state }
          : { ...others, compensating: compensating?.name, compensations: toUndo },
      );
    } else {
      terminal.write(`${renderSaga(saga, viewOf(world))}\n`);
      if (isWithData) terminal.write(`\n${renderData(state)}\n`);
    }
    return exitCodes.fine;
  },
};

type Database = Pick<Clients, 'dynamodb'>;

/** The sagas of a definition that have not finished, those that are overdue longest first; eventually consistent. */
async function readRunning(
  { sagaName, tableName }: FoundSaga,
  { dynamodb }: Database,
): Promise<SagaSummary[]> {
  const index = createRunningSagas(dynamodb, tableName);
  const running: SagaSummary[] = [];
  for await (const part of index.list(sagaName, Number.MAX_SAFE_INTEGER)) running.push(...part);
  return running.toSorted((a, b) => a.overdueAt - b.overdueAt);
}

/** One saga, whether it has finished or not. Read consistently. */
async function readSaga(
  key: string,
  { sagaName: saga, tableName }: FoundSaga,
  { dynamodb }: Database,
): Promise<SagaRecord | undefined> {
  const Key = toItemKey(sagaKey({ saga, key }));
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }),
  );
  return Item && rowToSaga(toRow(Item));
}

/** Sagas that have not finished, one a line. */
function renderRunning(sagas: readonly SagaSummary[], { now, width }: View): string {
  return renderTable(
    ['key', 'status', 'started', 'overdue'],
    sagas.map(({ key, status, startedAt, overdueAt }) => [
      key,
      status,
      relative(startedAt, now),
      relative(overdueAt, now),
    ]),
    width,
  );
}

/** One saga with its history, without its state. */
function renderSaga(saga: SagaRecord, { now, width }: View): string {
  return `${renderFacts(factsOf(saga, now), width)}\n\n${renderHistory(saga, width)}`;
}

function factsOf(saga: SagaRecord, now: number): [string, string][] {
  const at = (time: number): string => `${moment(time)} (${relative(time, now)})`;
  const { deadlines, compensations, awaiting, compensating, reason, overdueAt, expiresAt } = saga;
  const details: [string, string | undefined][] = [
    ['saga', `${saga.saga} ${saga.key}`],
    ['status', saga.status],
    ['reason', reason],
    ['started', at(saga.startedAt)],
    ['changed', `${at(saga.changedAt)}, revision ${saga.revision}`],
    ['overdue', overdueAt === undefined ? undefined : at(overdueAt)],
    ['undoes', compensating?.name],
    ['waits for', awaiting],
    [
      'deadlines',
      listed(Object.entries(deadlines).map(([name, { dueAt }]) => `${name} ${at(dueAt)}`)),
    ],
    ['to undo', listed(compensations.map(({ name }) => name).toReversed())],
    ['forgotten', expiresAt === undefined ? undefined : at(expiresAt * 1000)],
  ];
  return details.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

function listed(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.join('\n');
}

function renderHistory({ history, revision }: SagaRecord, width: number | undefined): string {
  const left = revision - history.length;
  const rows = history.map(({ at, type, eventId, status, ...note }) => [
    moment(at),
    type,
    eventId,
    status,
    renderDone(note),
  ]);
  const table = renderTable(['at', 'event', 'id', 'then', 'did'], rows, width);
  return left <= 0 ? table : `${table}\n(${left} more, after the first, are not kept)`;
}

function renderDone({ emitted = [], undone = [] }: Pick<SagaNote, 'emitted' | 'undone'>): string {
  return [...undone.map((name) => `undo ${name}`), ...emitted].join(', ');
}
