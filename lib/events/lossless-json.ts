import { ownLimits } from '../core/limits.ts';
import { nameOfError } from '../core/redact.ts';

type Path = readonly (string | number)[];

/**
 * A value that JSON would change.
 *
 * Its message says where the value is and what it is, without quoting data. Names of properties are data too: the
 * place shows each as `*`.
 */
export class NotLosslessError extends TypeError {
  override readonly name = 'NotLosslessError';
  readonly #path: Path;
  readonly #problem: string;

  constructor(path: Path, problem: string) {
    super(describe(path, problem, new Set()));
    this.#path = path;
    this.#problem = problem;
  }

  /** The message with those names of properties that are known not to be data. */
  describe(knownNames: ReadonlySet<string>): string {
    return describe(this.#path, this.#problem, knownNames);
  }
}

function describe(path: Path, problem: string, knownNames: ReadonlySet<string>): string {
  const shown = path.map((key) => (typeof key === 'number' || knownNames.has(key) ? key : '*'));
  return `${shown.length === 0 ? 'it' : shown.join('.')} ${problem}`;
}

/**
 * A value as JSON text that parses into an equal value.
 *
 * Guarantee: text, finite numbers, booleans, null, lists and plain objects come back as they were. An object with a
 * `toJSON` method, such as a Date, comes back as what that method returns. A property that is undefined is left out,
 * and -0 becomes 0.
 *
 * Limit: 100 levels of lists and objects.
 *
 * @throws NotLosslessError for all else: a BigInt, an invalid Date, a Map, an Error, an instance of a class, a cycle,
 * a list with holes
 */
export function toLosslessJson(value: unknown): string {
  try {
    // Written from the checked copy: a getter may return something else when it is read again.
    return JSON.stringify(checked(value, { path: [], ancestors: [] }));
  } catch (error) {
    if (error instanceof NotLosslessError) throw error;
    throw new NotLosslessError(
      [],
      `cannot be read: a getter or toJSON threw ${nameOfError(error)}`,
    );
  }
}

/** The keys that lead to a value, and the objects around it. */
interface Position {
  readonly path: Path;
  readonly ancestors: readonly object[];
}

function checked(value: unknown, position: Position): unknown {
  const { path } = position;
  if (canWriteItself(value)) {
    const json = value.toJSON(String(path.at(-1) ?? ''));
    if (json !== null && json !== undefined) return checkedData(json, position);
    throw new NotLosslessError(path, `is ${describeClass(value)} without a valid value`);
  }
  return checkedData(value, position);
}

function checkedData(value: unknown, position: Position): unknown {
  const { path } = position;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new NotLosslessError(path, `is ${value}`);
    case 'object':
      return value === null ? null : checkedObject(value, position);
    case 'undefined':
      throw new NotLosslessError(path, 'is undefined');
    case 'bigint':
    case 'function':
    case 'symbol':
      throw new NotLosslessError(path, `is a ${typeof value}`);
  }
}

function checkedObject(value: object, { path, ancestors }: Position): unknown {
  if (ancestors.includes(value)) throw new NotLosslessError(path, 'is an object that contains it');
  const limit = ownLimits.maxDataDepth;
  if (ancestors.length >= limit) {
    throw new NotLosslessError(path, `is more than ${limit} levels deep, which is the limit`);
  }
  if (hasSymbols(value))
    throw new NotLosslessError(path, 'has a property that is named by a symbol');
  const inside = [...ancestors, value];
  if (Array.isArray(value)) return checkedList(value, path, inside);
  if (isPlainObject(value)) return checkedProperties(value, path, inside);
  throw new NotLosslessError(path, `is ${describeClass(value)}`);
}

function checkedList(list: readonly unknown[], path: Path, ancestors: readonly object[]): unknown {
  if (Object.keys(list).length !== list.length) {
    throw new NotLosslessError(path, 'is a list with holes or with named properties');
  }
  return list.map((element, index) => checked(element, { path: [...path, index], ancestors }));
}

function checkedProperties(value: object, path: Path, ancestors: readonly object[]): unknown {
  // Without a prototype, a property called __proto__ is one like any other.
  const copy = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    const property = (value as Record<string, unknown>)[key];
    if (property !== undefined) copy[key] = checked(property, { path: [...path, key], ancestors });
  }
  return copy;
}

interface WithToJson {
  toJSON(key: string): unknown;
}

function canWriteItself(value: unknown): value is WithToJson {
  if (typeof value !== 'bigint' && (typeof value !== 'object' || value === null)) return false;
  // A Buffer writes itself as an object that no parser turns into a Buffer again.
  if (ArrayBuffer.isView(value)) return false;
  return typeof (value as Partial<WithToJson>).toJSON === 'function';
}

function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some((symbol) =>
    Object.prototype.propertyIsEnumerable.call(value, symbol),
  );
}

/** Of any realm: it has no prototype, or one like that of an object literal. */
function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

/** The name of a class is code; that of a constructor which is a property may be data. */
function describeClass(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  return typeof name === 'string' && /^\w{1,64}$/.test(name)
    ? `an instance of ${name}`
    : 'an instance of a class';
}
