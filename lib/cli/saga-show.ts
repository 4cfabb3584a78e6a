import { Option } from 'commander';

import { findSaga } from './aws/find-saga.ts';
import { exitCodes } from './exit-codes.ts';
import { readSaga } from './read.ts';
import { renderSaga } from './render.ts';
import { openClientsFor } from './session.ts';
import { renderData } from './render-event.ts';
import { printJson } from './view/json.ts';
import { viewOf } from './context.ts';
import type { CommandSpec } from './command.ts';

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
    const { state, compensations, undoing, ...others } = saga;
    const isWithData = options.data === true;
    if (options.json === true) {
      const toUndo = compensations.map(({ name }) => name);
      printJson(
        terminal,
        isWithData
          ? { ...others, undoing, compensations, state }
          : { ...others, undoing: undoing?.name, compensations: toUndo },
      );
    } else {
      terminal.write(`${renderSaga(saga, viewOf(world))}\n`);
      if (isWithData) terminal.write(`\n${renderData(state)}\n`);
    }
    return exitCodes.fine;
  },
};
