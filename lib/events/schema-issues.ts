import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/**
 * What errors and dead letters say of data that does not fit its schema.
 *
 * - `codes`: the place and the library's code of each issue, such as `buyer.age: invalid_type`. Nothing of the data:
 *   a place names only properties that the schema's JSON Schema names, and shows each other one as `*`.
 * - `messages`: the library's paths and messages as they are. They can quote the data.
 */
export type ValidationDetail = 'codes' | 'messages';

/** A schema, and what is said of data that does not fit it. */
export interface Validation {
  readonly schema: StandardSchemaV1;
  readonly validationDetail?: ValidationDetail | undefined;
}

const maxIssues = 10;
const maxMessageChars = 256;

/** The issues of data that a schema refused, as text: the first ten, and how many more there are. */
export function describeIssues(
  issues: readonly StandardSchemaV1.Issue[],
  data: unknown,
  { schema, validationDetail = 'codes' }: Validation,
): string[] {
  const names = namesIn(schema);
  const describe = (issue: StandardSchemaV1.Issue): string =>
    validationDetail === 'messages' ? toMessage(issue) : toCode(issue, data, names);
  const described = issues.slice(0, maxIssues).map(describe);
  const more = issues.length - described.length;
  return more === 0 ? described : [...described, `and ${more} more`];
}

function toMessage(issue: StandardSchemaV1.Issue): string {
  const place = keysOf(issue).map(String).join('.');
  const text = place === '' ? issue.message : `${place}: ${issue.message}`;
  return text.slice(0, maxMessageChars);
}

function toCode(issue: StandardSchemaV1.Issue, data: unknown, names: ReadonlySet<string>): string {
  const place = placeOf(keysOf(issue), data, names);
  return place === '' ? codeOf(issue) : `${place}: ${codeOf(issue)}`;
}

/** The path's keys. A path may be of a class derived from Array, whose `map` makes another one of those. */
function keysOf({ path }: StandardSchemaV1.Issue): PropertyKey[] {
  return Array.from(path ?? [], (segment) => (typeof segment === 'object' ? segment.key : segment));
}

/** Names that come from the schema, and places in lists. Keys of the data, such as those of a record, become `*`. */
function placeOf(keys: readonly PropertyKey[], data: unknown, names: ReadonlySet<string>): string {
  let value = data;
  const shown = keys.map((key) => {
    const isPlaceInList = Array.isArray(value) && typeof key === 'number' && key < value.length;
    value = (value as Partial<Record<PropertyKey, unknown>> | null | undefined)?.[key];
    return isPlaceInList || (typeof key === 'string' && names.has(key)) ? String(key) : '*';
  });
  return shown.join('.');
}

const code = /^[A-Za-z][\w-]{0,31}$/;

/** A library's constant for the kind of issue: `code` of zod and arktype, `type` of valibot. */
function codeOf(issue: StandardSchemaV1.Issue & { code?: unknown; type?: unknown }): string {
  const named = [issue.code, issue.type].find((name) => typeof name === 'string');
  return named !== undefined && code.test(named) ? named : 'invalid';
}

const namesBySchema = new WeakMap<StandardSchemaV1, ReadonlySet<string>>();

/** The names of properties that a schema's JSON Schema lists; none if the library does not write one. */
export function namesIn(schema: StandardSchemaV1): ReadonlySet<string> {
  const known = namesBySchema.get(schema);
  if (known !== undefined) return known;
  const names = new Set(namesUnder(toJsonSchema(schema)));
  namesBySchema.set(schema, names);
  return names;
}

/** What zod and arktype write for a part that JSON Schema has no words for. */
const lenient = {
  unrepresentable: 'any',
  fallback: ({ base }: { base: unknown }): unknown => base,
};

function toJsonSchema(schema: StandardSchemaV1): unknown {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  try {
    return jsonSchema?.input({ target: 'draft-2020-12', libraryOptions: lenient });
  } catch {
    // Not every schema has a JSON Schema: its places are shown without names.
    return undefined;
  }
}

function namesUnder(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([keyword, value]: [string, unknown]) => [
    ...(keyword === 'properties' ? Object.keys(value ?? {}) : []),
    ...namesUnder(value),
  ]);
}
