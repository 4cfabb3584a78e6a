/** A JSON Schema as a library writes it. https://json-schema.org/draft/2020-12 */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** `true` allows anything, `false` nothing. */
export function asSchema(value: unknown): JsonSchema {
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
  const target = keys.reduce<unknown>((found, key) => asSchema(found)[key], document);
  return { ...resolve(asSchema(target), document), ...beside };
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

/** The schema of all elements of a list, then of those at fixed places; none where it says nothing of elements. */
export function elementsOf({ items, prefixItems }: JsonSchema): JsonSchema[] {
  if (items === undefined && prefixItems === undefined) return [];
  return [items, ...listOf(prefixItems)].map(asSchema);
}

/** The schemas under `anyOf` and the like. */
export function alternativesOf(schema: JsonSchema, keyword: string): JsonSchema[] {
  return listOf(schema[keyword]).map(asSchema);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
