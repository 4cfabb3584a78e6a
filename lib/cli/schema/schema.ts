import { Option } from 'commander';

import { groupBy, ownValue } from '../../core/collections.ts';
import { OutboxError } from '../../core/errors.ts';
import { exitCodes, type CommandSpec } from '../command.ts';
import type { CommonOptions } from '../options.ts';
import { printJson } from '../view/format.ts';
import { count, printable } from '../view/table.ts';
import { loadCatalogue, type Definition } from './catalogue.ts';
import { differencesBetween } from './compare.ts';
import {
  emptySnapshot,
  latestOf,
  readSnapshot,
  snapshotOf,
  textOf,
  writeSnapshot,
  type Snapshot,
  type SnapshotEvent,
} from './snapshot.ts';

/** What is compared with what. */
interface SchemaOptions extends CommonOptions {
  readonly catalogue: string;
  readonly snapshot: string;
}

const schemaOptions = (): Option[] => [
  new Option(
    '--catalogue <module>',
    'the module that exports the event definitions: src/events.ts, or what it was compiled to',
  ).makeOptionMandatory(),
  new Option('--snapshot <file>', 'the committed file with what was agreed on').default(
    'events.snapshot.json',
  ),
];

/** Compares the event definitions of a service with those that were agreed on. */
export const schemaCheck: CommandSpec<SchemaOptions> = {
  name: 'schema check',
  summary: 'fail if the events have changed in a way that consumers would misread',
  details: `Compares what a module exports, by itself or in objects and lists, with the committed snapshot. New types and new
optional fields are readable by all consumers, and fail only until they are in the snapshot (schema write). Any other
change to a version fails, and so does a new version without the upcasts that lead to it. Needs no AWS account.`,
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
    { details: { option: 'snapshot', path: snapshot } },
  );
}

interface WriteOptions extends SchemaOptions {
  readonly force?: true;
}

/** Writes down what is agreed on from now on. */
export const schemaWrite: CommandSpec<WriteOptions> = {
  name: 'schema write',
  summary: 'write the snapshot that schema check compares with, to be committed',
  details:
    'Keeps the earlier versions that can still be read. Without --force, writes nothing that consumers would misread.',
  options: () => [
    ...schemaOptions(),
    new Option('--force', 'write changes that consumers may misread'),
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

/** Each problem with its next step. */
function renderProblems(problems: readonly Problem[]): string {
  return problems.map(renderProblem).join('\n');
}

function renderProblem({ type, version, path, problem, nextStep }: Problem): string {
  const place = path === undefined ? '' : `, ${path}`;
  return printable(`✗ ${type} version ${version}${place}: ${problem}`).concat(
    `\n    → ${printable(nextStep)}`,
  );
}

/** Something that would be misread, and what to do about it. */
interface Problem {
  readonly type: string;
  readonly version: number;
  /** Where in the data, if it is about a place. */
  readonly path?: string;
  readonly problem: string;
  readonly nextStep: string;
}

/** What of a catalogue does not go with what was agreed on before. */
function problemsWith(catalogue: readonly Definition[], before: Snapshot): Problem[] {
  const byType = groupBy(catalogue, ({ type }) => type);
  const removed = Object.entries(before.events).filter(([type]) => !byType.has(type));
  return [
    ...removed.map(([type, event]) => removedType(type, event)),
    ...catalogue.flatMap(problemsWithShape),
    ...[...byType].flatMap(([type, definitions]) => {
      const agreed = ownValue(before.events, type);
      return agreed === undefined ? [] : problemsWithType(definitions, agreed);
    }),
  ];
}

function removedType(type: string, event: SnapshotEvent): Problem {
  return {
    type,
    version: latestOf(event),
    problem: 'the type was removed',
    nextStep: 'restore it, or, once it is no longer written or read: outbox schema write --force',
  };
}

function problemsWithShape({ type, version, shape }: Definition): Problem[] {
  if ('schema' in shape) return [];
  const problem = `cannot be compared: ${shape.problem}`;
  return [{ type, version, problem, nextStep: shape.nextStep }];
}

function problemsWithType(definitions: readonly Definition[], agreed: SnapshotEvent): Problem[] {
  const latest = definitions.at(-1);
  if (latest === undefined) return [];
  return [
    ...definitions.flatMap((definition) => changesOf(definition, { agreed, latest })),
    ...problemWithAggregate(latest, agreed),
    ...problemWithVersion(latest, agreed),
    ...missingUpcasts(latest, agreed),
  ];
}

function changesOf(
  { type, version, shape }: Definition,
  { agreed, latest }: { agreed: SnapshotEvent; latest: Definition },
): Problem[] {
  const before = agreed.versions[version];
  if (before === undefined || !('schema' in shape)) return [];
  const next = latest.version + 1;
  const nextStep =
    version === latest.version
      ? `take the change back, or make it version ${next} with upcast: { ${version}: … }`
      : 'take the change back: an old version does not change any more';
  return differencesBetween(before, shape.schema).map(({ path, change }) => ({
    ...{ type, version, path, nextStep },
    problem: change,
  }));
}

function problemWithAggregate(
  { type, version, aggregateType: aggregate }: Definition,
  agreed: SnapshotEvent,
): Problem[] {
  if (aggregate === agreed.aggregate) return [];
  const problem = `the aggregate was ${agreed.aggregate}, is ${aggregate}`;
  return [{ type, version, problem, nextStep: 'restore it, or define another event type' }];
}

function problemWithVersion({ type, version }: Definition, agreed: SnapshotEvent): Problem[] {
  const latest = latestOf(agreed);
  if (version >= latest) return [];
  const problem = `the version was ${latest}, is ${version}`;
  return [{ type, version, problem, nextStep: `make it ${latest} again, or ${latest + 1}` }];
}

/** Entries and messages of each version that was agreed on may still be on their way, or be replayed. */
function missingUpcasts({ type, version, upcast }: Definition, agreed: SnapshotEvent): Problem[] {
  return Object.keys(agreed.versions)
    .map(Number)
    .filter((old) => old < version && upcast[old] === undefined)
    .map((old) => ({
      ...{ type, version },
      problem: `there is no upcast from version ${old}`,
      nextStep: `add upcast: { ${old}: … }, or, once version ${old} can no longer arrive: outbox schema write --force`,
    }));
}
