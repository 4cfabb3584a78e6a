import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { ownValue } from '../../core/collections.ts';
import { OutboxError } from '../../core/errors.ts';
import type { EventContract } from '../../events/event.ts';
import { isObject, type JsonSchema } from './compare.ts';

/** A version of a type of event, as the catalogue defines it. */
export interface Definition extends Pick<
  EventContract,
  'type' | 'version' | 'aggregateType' | 'upcast'
> {
  readonly shape: Shape;
}

/**
 * The event definitions that a module exports, by themselves or in objects and lists, each type's latest version
 * last.
 *
 * Definitions are known by what they are made of, not by where they come from: the catalogue has a copy of the
 * package of its own.
 *
 * @throws OutboxError `OPTION_INVALID` where it cannot be loaded, exports none, or two of one type and version
 */
export async function loadCatalogue(path: string): Promise<Definition[]> {
  const contracts = contractsIn(await load(path));
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
    .map(({ type, version, aggregateType, upcast, schema }) => ({
      ...{ type, version, aggregateType, upcast },
      shape: shapeOf(schema),
    }));
}

/**
 * TypeScript is loaded as compilers and bundlers read it, in the module system of its package: imports may leave out
 * the extension or name the compiled file. What is compiled is left to Node.js.
 */
async function load(path: string): Promise<object> {
  const file = pathToFileURL(resolve(path)).href;
  try {
    if (!/^\.[cm]?tsx?$/.test(extname(path))) return (await import(file)) as object;
    const { createJiti } = await import('jiti');
    return await createJiti(file, { fsCache: false, tsconfigPaths: true }).import(file);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw invalid(path, `cannot be loaded: ${problem}`, cause);
  }
}

/** The definitions in a module's exports, and in the objects and lists among them: each once. */
function contractsIn(value: unknown, seen = new Set<unknown>()): EventContract[] {
  if (seen.has(value)) return [];
  seen.add(value);
  if (isContract(value)) return [value];
  if (!isContainer(value)) return [];
  return Object.values(value).flatMap((one) => contractsIn(one, seen));
}

/** Instances of classes are left alone: what their properties do when they are read is their affair. */
function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === null || prototype === Object.prototype;
}

function isContract(value: unknown): value is EventContract {
  if (typeof value !== 'function' && !isObject(value)) return false;
  const { type, version, aggregateType, schema, upcast } = value as Partial<EventContract>;
  const isNamed = [type, aggregateType].every((name) => typeof name === 'string');
  return isNamed && typeof version === 'number' && schema !== undefined && isObject(upcast);
}

function isSame(a: EventContract, b: EventContract): boolean {
  return a.type === b.type && a.version === b.version;
}

function invalid(path: string, problem: string, cause?: unknown): OutboxError {
  return new OutboxError('OPTION_INVALID', `catalogue ${path} ${problem}`, {
    details: { option: 'catalogue', path },
    cause,
  });
}

/** The JSON Schema of the stored data, or the reason that it cannot be made and the next step. */
type Shape =
  { readonly schema: JsonSchema } | { readonly problem: string; readonly nextStep: string };

const target = 'draft-2020-12';

/**
 * The shape of an event's data as it is written: the schema's input. Consumers make its output of it.
 *
 * https://standardschema.dev/json-schema
 */
function shapeOf(schema: EventContract['schema']): Shape {
  const { vendor, jsonSchema } = schema['~standard'] as {
    vendor: string;
    jsonSchema?: { input(options: { target: string }): JsonSchema };
  };
  if (jsonSchema === undefined)
    return { problem: 'it has no JSON Schema', nextStep: toGetOne(vendor) };
  try {
    return { schema: withoutDialect(jsonSchema.input({ target })) };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    return { problem: `${vendor} says: ${problem}`, nextStep: toExpressIt(vendor) };
  }
}

/** Which is the same in all of them. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== '$schema'));
}

function toGetOne(vendor: string): string {
  const known: Readonly<Record<string, string>> = {
    valibot: 'wrap it with toStandardJsonSchema of @valibot/to-json-schema',
    zod: 'use zod 4.2 or later',
  };
  return ownValue(known, vendor) ?? `${vendor} must offer Standard JSON Schema`;
}

/** Dates, big integers, maps: what JSON does not have is written as something that it has. */
function toExpressIt(vendor: string): string {
  const nextStep = 'describe the JSON that is written, and convert it afterwards';
  return vendor === 'zod' ? `${nextStep}: z.iso.datetime().pipe(z.coerce.date())` : nextStep;
}
