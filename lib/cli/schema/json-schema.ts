import { isDeepStrictEqual } from 'node:util';

import { ownValue } from '../../core/pick.ts';

/** A JSON Schema as a library writes it. https://json-schema.org/draft/2020-12 */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** `true` allows anything, `false` nothing. */
function asSchema(value: unknown): JsonSchema {
  if (isObject(value)) return value;
  return value === false ? { not: {} } : {};
}

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a reference within the document points at; keywords beside it count too. */
export function resolve(schema: JsonSchema, document: JsonSchema): JsonSchema {
  const { $ref: reference, ...beside } = schema;
  if (typeof reference !== 'string' || !reference.startsWith('#')) return schema;
  const keys = reference.split('/').slice(1).map(unescapePointer);
  const target = keys.reduce<unknown>((found, key) => ownValue(asSchema(found), key), document);
  return { ...resolve(asSchema(target), document), ...beside };
}

/** What a part of a schema refers to, at any depth. */
export function referencesIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([keyword, value]) =>
    keyword === '$ref' && typeof value === 'string' ? [value] : referencesIn(value),
  );
}

function unescapePointer(key: string): string {
  return decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');
}

export function typesOf({ type = 'anything' }: JsonSchema): string[] {
  return [type].flat().map(String).toSorted();
}

/** The values it is limited to, as JSON; a constant is a list of one. */
export function valuesOf(schema: JsonSchema): string[] {
  if ('const' in schema) return [JSON.stringify(schema['const'])];
  return listOf(schema['enum']).map((value) => JSON.stringify(value));
}

/** A field of an object. */
export interface Field {
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

export function fieldsOf({ properties, required }: JsonSchema): Map<string, Field> {
  const fields = Object.entries(asSchema(properties));
  return new Map(
    fields.map(([name, field]) => [
      name,
      { schema: asSchema(field), isRequired: listOf(required).includes(name) },
    ]),
  );
}

/** By the pattern of their names, the fields that `patternProperties` tells of. */
export function patternsOf({ patternProperties }: JsonSchema): Map<string, JsonSchema> {
  const patterns = Object.entries(asSchema(patternProperties));
  return new Map(patterns.map(([pattern, schema]) => [pattern, asSchema(schema)]));
}

/** The schema of all elements of a list, then of those at fixed places; none where it says nothing of elements. */
export function elementsOf({ items, prefixItems }: JsonSchema): JsonSchema[] {
  if (items === undefined && prefixItems === undefined) return [];
  return [items, ...listOf(prefixItems)].map(asSchema);
}

/** The schemas under `anyOf` and the like. */
export function alternativesOf(schema: JsonSchema, keyword: string): JsonSchema[] {
  return listOf(schema[keyword]).map(asSchema);
}

/** What is left when each of the others has taken one that is the same: there may be twins. */
export function without(
  schemas: readonly JsonSchema[],
  others: readonly JsonSchema[],
): JsonSchema[] {
  return others.reduce<JsonSchema[]>(
    (left, other) => {
      const twin = left.findIndex((one) => isDeepStrictEqual(one, other));
      return twin === -1 ? left : left.toSpliced(twin, 1);
    },
    [...schemas],
  );
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
