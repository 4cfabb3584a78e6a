import { groupBy } from '../../core/group-by.ts';
import { ownValue } from '../../core/pick.ts';
import type { Definition } from './catalogue.ts';
import { differencesBetween } from './compare.ts';
import { latestOf, type Snapshot, type SnapshotEvent } from './snapshot.ts';

/** Something that would be misread, and what to do about it. */
export interface Problem {
  readonly type: string;
  readonly version: number;
  /** Where in the data, if it is about a place. */
  readonly path?: string;
  readonly problem: string;
  readonly mend: string;
}

/** What of a catalogue does not go with what was agreed on before. */
export function problemsWith(catalogue: readonly Definition[], before: Snapshot): Problem[] {
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
    mend: 'put it back, or, once nobody writes or reads it any more: outbox schema write --force',
  };
}

function problemsWithShape({ type, version, shape }: Definition): Problem[] {
  if ('schema' in shape) return [];
  const problem = `cannot be compared: ${shape.problem}`;
  return [{ type, version, problem, mend: shape.mend }];
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
  const mend =
    version === latest.version
      ? `take the change back, or make it version ${next} with upcast: { ${version}: … }`
      : 'take the change back: an old version does not change any more';
  return differencesBetween(before, shape.schema).map(({ path, change }) => ({
    ...{ type, version, path, mend },
    problem: change,
  }));
}

function problemWithAggregate(
  { type, version, aggregate }: Definition,
  agreed: SnapshotEvent,
): Problem[] {
  if (aggregate === agreed.aggregate) return [];
  const problem = `the aggregate was ${agreed.aggregate}, is ${aggregate}`;
  return [{ type, version, problem, mend: 'put it back, or define another type of event' }];
}

function problemWithVersion({ type, version }: Definition, agreed: SnapshotEvent): Problem[] {
  const latest = latestOf(agreed);
  if (version >= latest) return [];
  const problem = `the version was ${latest}, is ${version}`;
  return [{ type, version, problem, mend: `make it ${latest} again, or ${latest + 1}` }];
}

/** Entries and messages of each version that was agreed on may still be on their way, or be replayed. */
function missingUpcasts({ type, version, upcast }: Definition, agreed: SnapshotEvent): Problem[] {
  return Object.keys(agreed.versions)
    .map(Number)
    .filter((old) => old < version && upcast[old] === undefined)
    .map((old) => ({
      ...{ type, version },
      problem: `there is no upcast from version ${old}`,
      mend: `add upcast: { ${old}: … }, or, once nothing of version ${old} can arrive any more: outbox schema write --force`,
    }));
}
