import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { OutboxError } from '../../core/errors.ts';
import { groupBy, ownValue } from '../../core/collections.ts';
import type { Definition } from './catalogue.ts';
import { isObject, type JsonSchema } from './compare.ts';

/** What was agreed on, as it is committed: by type, the JSON Schema of each version that may still be read. */
export interface Snapshot {
  readonly format: typeof format;
  readonly events: Readonly<Record<string, SnapshotEvent>>;
}

export interface SnapshotEvent {
  readonly aggregate: string;
  readonly versions: Readonly<Record<string, JsonSchema>>;
}

const format = 1;

export const emptySnapshot: Snapshot = { format, events: {} };

/**
 * @returns `undefined` where there is no such file
 * @throws OutboxError `OPTION_INVALID` where it is no snapshot, or cannot be read
 */
export async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (isSnapshot(value)) return value;
  throw new OutboxError(
    'OPTION_INVALID',
    `${path} is no snapshot of events (format ${format}): give the file that outbox schema write made`,
    { details: { option: 'snapshot', path } },
  );
}

/**
 * Writes it with one line for each change, so that a review shows what changed. Creates its folder.
 *
 * @throws OutboxError `OPTION_INVALID` where it cannot be written
 */
export async function writeSnapshot(path: string, snapshot: Snapshot): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, textOf(snapshot));
  } catch (cause) {
    throw outOfReach(path, 'written', cause);
  }
}

export function textOf(snapshot: Snapshot): string {
  return `${JSON.stringify(snapshot, sorted, 2)}\n`;
}

/** The number of an event's latest version. */
export function latestOf({ versions }: SnapshotEvent): number {
  return Math.max(...Object.keys(versions).map(Number));
}

/**
 * What is agreed on once the catalogue is: its definitions, and of their types the earlier versions that they
 * can still read.
 */
export function snapshotOf(catalogue: readonly Definition[], before: Snapshot): Snapshot {
  const byType = groupBy(catalogue, ({ type }) => type);
  const events = [...byType].map(([type, definitions]): [string, SnapshotEvent] => {
    const latest = definitions.at(-1);
    const old = Object.entries(ownValue(before.events, type)?.versions ?? {}).filter(
      ([version]) => latest?.upcast[Number(version)] !== undefined,
    );
    const current = definitions.flatMap(({ version, shape }) =>
      'schema' in shape ? [[String(version), shape.schema] as const] : [],
    );
    const versions = Object.fromEntries([...old, ...current]);
    return [type, { aggregate: latest?.aggregateType ?? '', versions }];
  });
  const described = events.filter(([, { versions }]) => Object.keys(versions).length > 0);
  return { format, events: Object.fromEntries(described) };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw outOfReach(path, 'read', cause);
  }
}

function outOfReach(path: string, what: 'read' | 'written', cause: unknown): OutboxError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new OutboxError('OPTION_INVALID', `snapshot ${path} cannot be ${what}: ${problem}`, {
    details: { option: 'snapshot', path },
    cause,
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSnapshot(value: unknown): value is Snapshot {
  if (!isObject(value) || value['format'] !== format || !isObject(value['events'])) return false;
  return Object.values(value['events']).every(
    (event) =>
      isObject(event) && typeof event['aggregate'] === 'string' && isObject(event['versions']),
  );
}

/** Sorts the keys of objects: their order depends on the schema library. */
function sorted(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
