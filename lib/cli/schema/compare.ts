import { isDeepStrictEqual } from 'node:util';

import { ownValue } from '../../core/collections.ts';

/** One way in which a schema differs from an earlier one that a reader of either would notice. */
export interface Difference {
  /** `data.lines[].sku` */
  readonly path: string;
  /** `was number, is string` */
  readonly change: string;
}

/** One place in both schemas. */
interface Place {
  readonly before: JsonSchema;
  readonly after: JsonSchema;
  readonly path: string;
  readonly documents: { readonly before: JsonSchema; readonly after: JsonSchema };
  /** Pairs of references that are being compared: schemas may contain themselves. */
  readonly open: readonly string[];
}

/**
 * In what a schema has changed so that data of one no longer suits readers of the other: consumers that are
 * not deployed yet read new data, new ones read what still lies in the outbox. A new optional field suits
 * both, and so does text about the schema; all else is a difference.
 */
export function differencesBetween(before: JsonSchema, after: JsonSchema): Difference[] {
  return compare({ before, after, path: 'data', documents: { before, after }, open: [] });
}

function compare({ before, after, documents, ...given }: Place): Difference[] {
  const references = [before['$ref'], after['$ref']];
  const pair = JSON.stringify(references);
  if (given.open.includes(pair)) return [];
  const place: Place = {
    ...given,
    documents,
    before: resolve(before, documents.before),
    after: resolve(after, documents.after),
    open: references.some((one) => one !== undefined) ? [...given.open, pair] : given.open,
  };
  return [
    ...compareTypes(place),
    ...compareValues(place),
    ...compareFields(place),
    ...comparePatterns(place),
    ...compareUnknownFields(place),
    ...compareElements(place),
    ...alternatives.flatMap((keyword) => compareAlternatives(place, keyword)),
    ...compareRest(place),
  ];
}

function compareTypes({ before, after, path }: Place): Difference[] {
  const [was, is] = [typesOf(before), typesOf(after)];
  if (isDeepStrictEqual(was, is)) return [];
  return [{ path, change: `was ${was.join(' or ')}, is ${is.join(' or ')}` }];
}

function compareValues({ before, after, path }: Place): Difference[] {
  const [was, is] = [valuesOf(before), valuesOf(after)];
  const gone = was.filter((value) => !is.includes(value));
  const added = is.filter((value) => !was.includes(value));
  return [
    ...(gone.length === 0 ? [] : [{ path, change: `no longer takes ${gone.join(', ')}` }]),
    ...(added.length === 0 ? [] : [{ path, change: `newly takes ${added.join(', ')}` }]),
  ];
}

function compareFields(place: Place): Difference[] {
  const [was, is] = [fieldsOf(place.before), fieldsOf(place.after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((name) =>
    compareField(name, { was: was.get(name), is: is.get(name), place }),
  );
}

function compareField(
  name: string,
  { was, is, place }: { was: Field | undefined; is: Field | undefined; place: Place },
): Difference[] {
  const path = `${place.path}.${name}`;
  if (is === undefined) return [{ path, change: 'was removed' }];
  if (was === undefined) return newField(path, is, place);
  const change = is.isRequired ? 'was optional, is required' : 'was required, is optional';
  return [
    ...(was.isRequired === is.isRequired ? [] : [{ path, change }]),
    ...compare({ ...place, path, before: was.schema, after: is.schema }),
  ];
}

function newField(path: string, { isRequired }: Field, { before }: Place): Difference[] {
  if (isRequired) return [{ path, change: 'is new and required' }];
  const refusesUnknown = before['additionalProperties'] === false;
  return refusesUnknown ? [{ path, change: 'is new, where unknown fields are refused' }] : [];
}

/** Fields that are known by a pattern of their names. */
function comparePatterns(place: Place): Difference[] {
  const [was, is] = [patternsOf(place.before), patternsOf(place.after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((pattern) => {
    const path = `${place.path}./${pattern}/`;
    const [before, after] = [was.get(pattern), is.get(pattern)];
    if (before === undefined) return [{ path, change: 'is new' }];
    if (after === undefined) return [{ path, change: 'was removed' }];
    return compare({ ...place, path, before, after });
  });
}

function compareUnknownFields(place: Place): Difference[] {
  const [before, after] = [place.before, place.after].map(
    ({ additionalProperties: taken = true }) => taken,
  );
  if (isObject(before) && isObject(after)) {
    return compare({ ...place, path: `${place.path}.*`, before, after });
  }
  if (isDeepStrictEqual(before, after)) return [];
  return [{ path: place.path, change: 'takes other unknown fields than before' }];
}

function compareElements(place: Place): Difference[] {
  const [was, is] = [elementsOf(place.before), elementsOf(place.after)];
  const count = Math.max(was.length, is.length);
  return Array.from({ length: count }, (_, index) => {
    const path = `${place.path}[${index === 0 ? '' : index - 1}]`;
    return compare({ ...place, path, before: was[index] ?? {}, after: is[index] ?? {} });
  }).flat();
}

const alternatives = ['anyOf', 'oneOf', 'allOf'] as const;

/** In any order. */
function compareAlternatives(place: Place, keyword: (typeof alternatives)[number]): Difference[] {
  const was = alternativesOf(place.before, keyword);
  const is = alternativesOf(place.after, keyword);
  if (was.length !== is.length) {
    return [{ path: place.path, change: `had ${was.length} alternatives, has ${is.length}` }];
  }
  const gone = without(was, is);
  const added = without(is, was);
  // What is the same in words may refer to something else by now.
  const kept = without(was, gone).map((one) => [one, one] as const);
  const changed = gone.map((one, index) => [one, added[index] ?? {}] as const);
  return [...kept, ...changed].flatMap(([before, after]) => compare({ ...place, before, after }));
}

const comparedAbove: readonly string[] = [
  ...alternatives,
  ...['$ref', 'type', 'const', 'enum', 'properties', 'required', 'additionalProperties'],
  ...['items', 'prefixItems', 'patternProperties'],
];
const aboutTheSchema: readonly string[] = [
  ...['$anchor', '$comment', '$defs', '$id', '$schema', 'definitions', 'id', 'deprecated'],
  ...['description', 'examples', 'readOnly', 'title', 'writeOnly'],
];

/** Bounds, patterns, formats, defaults: looser, old readers refuse new data; tighter, new ones refuse the old. */
function compareRest(place: Place): Difference[] {
  const { before, after, path } = place;
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keywords]
    .filter((keyword) => ![...comparedAbove, ...aboutTheSchema].includes(keyword))
    .flatMap((keyword) => {
      const [was, is] = [ownValue(before, keyword), ownValue(after, keyword)];
      if (isDeepStrictEqual(was, is)) return compareReferences(place, is);
      return [{ path, change: `${keyword} ${told(was, is)}` }];
    });
}

/** What is the same in words may refer to something else by now. */
function compareReferences(place: Place, value: unknown): Difference[] {
  return referencesIn(value).flatMap(($ref) =>
    compare({ ...place, before: { $ref }, after: { $ref } }),
  );
}

function told(before: unknown, after: unknown): string {
  if (before === undefined) return `is new: ${JSON.stringify(after)}`;
  if (after === undefined) return `is gone: ${JSON.stringify(before)}`;
  return `was ${JSON.stringify(before)}, is ${JSON.stringify(after)}`;
}

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

/** What a reference within the document points at; sibling keywords count too. */
function resolve(schema: JsonSchema, document: JsonSchema): JsonSchema {
  const { $ref: reference, ...siblings } = schema;
  if (typeof reference !== 'string' || !reference.startsWith('#')) return schema;
  const keys = reference.split('/').slice(1).map(unescapePointer);
  const target = keys.reduce<unknown>((found, key) => ownValue(asSchema(found), key), document);
  return { ...resolve(asSchema(target), document), ...siblings };
}

/** What a part of a schema refers to, at any depth. */
function referencesIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([keyword, value]) =>
    keyword === '$ref' && typeof value === 'string' ? [value] : referencesIn(value),
  );
}

function unescapePointer(key: string): string {
  return decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');
}

function typesOf({ type = 'anything' }: JsonSchema): string[] {
  return [type].flat().map(String).toSorted();
}

/** The values it is limited to, as JSON; a constant is a list of one. */
function valuesOf(schema: JsonSchema): string[] {
  if ('const' in schema) return [JSON.stringify(schema['const'])];
  return listOf(schema['enum']).map((value) => JSON.stringify(value));
}

/** A field of an object. */
interface Field {
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

function fieldsOf({ properties, required }: JsonSchema): Map<string, Field> {
  const fields = Object.entries(asSchema(properties));
  return new Map(
    fields.map(([name, field]) => [
      name,
      { schema: asSchema(field), isRequired: listOf(required).includes(name) },
    ]),
  );
}

/** By the pattern of their names, the fields that `patternProperties` tells of. */
function patternsOf({ patternProperties }: JsonSchema): Map<string, JsonSchema> {
  const patterns = Object.entries(asSchema(patternProperties));
  return new Map(patterns.map(([pattern, schema]) => [pattern, asSchema(schema)]));
}

/** The schema of all elements of a list, then of those at fixed places; none where it says nothing of elements. */
function elementsOf({ items, prefixItems }: JsonSchema): JsonSchema[] {
  if (items === undefined && prefixItems === undefined) return [];
  return [items, ...listOf(prefixItems)].map(asSchema);
}

/** The schemas under `anyOf` and the like. */
function alternativesOf(schema: JsonSchema, keyword: string): JsonSchema[] {
  return listOf(schema[keyword]).map(asSchema);
}

/** What is left when each of the others has taken one that is the same: there may be twins. */
function without(schemas: readonly JsonSchema[], others: readonly JsonSchema[]): JsonSchema[] {
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
