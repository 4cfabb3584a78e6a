import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { OutboxError } from '../../contract/error.ts';
import type { EventContract } from '../../runtime/event/event.ts';
import { isObject, type JsonSchema } from './json-schema.ts';

/** A version of a type of event, as the catalogue defines it. */
export interface Definition extends Pick<
  EventContract,
  'type' | 'version' | 'aggregate' | 'upcast'
> {
  readonly shape: Shape;
}

/** The JSON Schema of what is written, or why there is none. */
export type Shape = { readonly schema: JsonSchema } | { readonly problem: string };

/**
 * The event definitions that a module exports, each type's latest version last.
 *
 * Definitions are known by what they are made of, not by where they come from: the catalogue has a copy of the
 * package of its own.
 *
 * @throws OutboxError `OPTION_INVALID` where it cannot be loaded, exports none, or two of one type and version
 */
export async function loadCatalogue(path: string): Promise<Definition[]> {
  const contracts = [...new Set(exportsOf(await load(path)).filter(isContract))];
  if (contracts.length === 0) {
    throw invalid(path, 'exports no event definitions: export what defineEvent returns');
  }
  const doubled = contracts.find((one, at) =>
    contracts.some((other, i) => i > at && isSame(one, other)),
  );
  if (doubled !== undefined) {
    throw invalid(path, `has two definitions of ${doubled.type} version ${doubled.version}`);
  }
  return contracts
    .toSorted((a, b) => a.type.localeCompare(b.type) || a.version - b.version)
    .map(({ type, version, aggregate, upcast, schema }) => ({
      ...{ type, version, aggregate, upcast },
      shape: shapeOf(schema),
    }));
}

async function load(path: string): Promise<object> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as object;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw invalid(path, `cannot be loaded: ${problem}`, cause);
  }
}

/** What a CommonJS module exports is under `default` too, and may be there alone. */
function exportsOf(module: object): unknown[] {
  const { default: exported } = module as { default?: unknown };
  return [module, isObject(exported) ? exported : {}].flatMap((one): unknown[] =>
    Object.values(one),
  );
}

function isContract(value: unknown): value is EventContract {
  if (typeof value !== 'function' && !isObject(value)) return false;
  const { type, version, aggregate, schema, upcast } = value as Partial<EventContract>;
  const isNamed = [type, aggregate].every((name) => typeof name === 'string');
  return isNamed && typeof version === 'number' && schema !== undefined && isObject(upcast);
}

function isSame(a: EventContract, b: EventContract): boolean {
  return a.type === b.type && a.version === b.version;
}

const target = 'draft-2020-12';

/** What is written is the schema's input; consumers make its output of it. */
function shapeOf(schema: EventContract['schema']): Shape {
  const { vendor, jsonSchema } = schema['~standard'] as {
    vendor: string;
    jsonSchema?: { input(options: { target: string }): JsonSchema };
  };
  if (jsonSchema === undefined) return { problem: `has no JSON Schema: ${howToGetOne(vendor)}` };
  try {
    return { schema: withoutDialect(jsonSchema.input({ target })) };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    return { problem: `has no JSON Schema: ${vendor} says: ${problem}` };
  }
}

/** Which is the same in all of them. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== '$schema'));
}

function howToGetOne(vendor: string): string {
  const known: Readonly<Record<string, string>> = {
    valibot: 'wrap it with toStandardJsonSchema of @valibot/to-json-schema',
    zod: 'use zod 4.2 or later',
  };
  return known[vendor] ?? `${vendor} must offer Standard JSON Schema`;
}

function invalid(path: string, problem: string, cause?: unknown): OutboxError {
  return new OutboxError('OPTION_INVALID', `catalogue ${path} ${problem}`, {
    facts: { option: 'catalogue', path },
    cause,
  });
}
