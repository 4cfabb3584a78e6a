import { Option } from 'commander';

import { exitCodes } from '../exit-codes.ts';
import { loadCatalogue } from './catalogue.ts';
import { problemsWith } from './check.ts';
import { schemaOptions, type SchemaOptions } from './options.ts';
import { renderProblems } from './render.ts';
import { emptySnapshot, readSnapshot, snapshotOf, writeSnapshot } from './snapshot.ts';
import { printJson } from '../view/json.ts';
import { count } from '../view/table.ts';
import type { CommandSpec } from '../command.ts';

interface WriteOptions extends SchemaOptions {
  readonly force?: true;
}

/** Writes down what is agreed on from now on. */
export const schemaWrite: CommandSpec<WriteOptions> = {
  name: 'schema write',
  summary: 'write the snapshot that schema check compares with, to be committed',
  details:
    'Keeps the earlier versions that can still be read. Writes nothing that somebody would misread, unless it is forced.',
  options: () => [
    ...schemaOptions(),
    new Option('--force', 'write it though somebody may misread what has changed'),
  ],
  examples: [
    'outbox schema write --catalogue src/events.ts',
    'outbox schema write --catalogue src/events.ts --force',
  ],
  run: async ({ options }, { terminal }) => {
    const before = (await readSnapshot(options.snapshot)) ?? emptySnapshot;
    const catalogue = await loadCatalogue(options.catalogue);
    const problems = problemsWith(catalogue, before);
    const isWritten = problems.length === 0 || options.force === true;
    const snapshot = snapshotOf(catalogue, before);
    if (isWritten) await writeSnapshot(options.snapshot, snapshot);
    if (options.json === true) printJson(terminal, { problems, isWritten });
    else {
      if (problems.length > 0) terminal.write(`${renderProblems(problems)}\n`);
      const types = count(Object.keys(snapshot.events).length, 'type');
      terminal.note(
        isWritten ? `${options.snapshot} has ${types}: commit it.\n` : 'Not written.\n',
      );
    }
    return isWritten ? exitCodes.fine : exitCodes.needsPerson;
  },
};
