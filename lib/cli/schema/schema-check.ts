import { OutboxError } from '../../core/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { loadCatalogue } from './catalogue.ts';
import { problemsWith } from './check.ts';
import { schemaOptions, type SchemaOptions } from './options.ts';
import { renderProblems } from './render.ts';
import { readSnapshot, snapshotOf, textOf } from './snapshot.ts';
import { printJson } from '../view/json.ts';
import type { CommandSpec } from '../command.ts';

/** Compares the event definitions of a service with those that were agreed on. */
export const schemaCheck: CommandSpec<SchemaOptions> = {
  name: 'schema check',
  summary: 'fail where the events have changed so that somebody would misread them',
  details: `Compares what a module exports, by itself or in objects and lists, with the committed snapshot. New types and new
optional fields would be read by everybody, and fail only until they are in the snapshot (schema write). Whatever else
changes in a version fails, and so does a new version without the upcasts that lead to it. Needs no AWS account.`,
  options: schemaOptions,
  examples: [
    'outbox schema check --catalogue src/events.ts',
    'outbox schema check --catalogue dist/events.js --snapshot contracts/events.json --json',
  ],
  run: async ({ options }, { terminal }) => {
    const snapshot = await readSnapshot(options.snapshot);
    if (snapshot === undefined) throw noSnapshot(options);
    const catalogue = await loadCatalogue(options.catalogue);
    const problems = problemsWith(catalogue, snapshot);
    const isBehind = textOf(snapshotOf(catalogue, snapshot)) !== textOf(snapshot);
    if (options.json === true) printJson(terminal, { problems, isBehind });
    else if (problems.length > 0) terminal.write(`${renderProblems(problems)}\n`);
    else if (isBehind) terminal.write(behind(options));
    else terminal.note('The events are those that were agreed on.\n');
    return problems.length > 0 || isBehind ? exitCodes.needsPerson : exitCodes.fine;
  },
};

/** What was never written down could change unnoticed. */
function behind({ catalogue, snapshot }: SchemaOptions): string {
  return `✗ the snapshot lacks what is new; nothing would be misread
    → npx outbox schema write --catalogue ${catalogue} --snapshot ${snapshot}, and commit it\n`;
}

function noSnapshot({ catalogue, snapshot }: SchemaOptions): OutboxError {
  return new OutboxError(
    'OPTION_INVALID',
    `there is no snapshot ${snapshot} yet: npx outbox schema write --catalogue ${catalogue} --snapshot ${snapshot} makes it, then commit it`,
    { facts: { option: 'snapshot', path: snapshot } },
  );
}
