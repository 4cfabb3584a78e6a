import { Option } from 'commander';

import type { SagaSummary } from '../table/saga.ts';
import type { Clients } from './aws/clients.ts';
import { findSaga, listSagas } from './aws/find-saga.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import type { CommonOptions } from './options.ts';
import { readRunning } from './read.ts';
import { renderRunning } from './render.ts';
import { openClientsFor } from './session.ts';
import { printJson } from './view/json.ts';
import { renderTable } from './view/table.ts';
import { viewOf, type World } from './context.ts';
import type { CommandSpec } from './command.ts';

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
  readonly world: World;
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
