import { isDeepStrictEqual } from 'node:util';

import type { Row } from '../table/entry.ts';
import { OutboxError } from '../core/errors.ts';
import type { ActionRequest } from '../dynamodb/actions.ts';

// Condition and update expressions as DynamoDB evaluates them, on items in the document client's shape.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html

/** What an item does not allow: DynamoDB refuses the action as a `ValidationError`. */
export class ItemRefused extends Error {
  override readonly name = 'ItemRefused';
}

/**
 * Whether an item (empty, where there is none) meets the condition of a request.
 *
 * @throws OutboxError `OPTION_INVALID` for an expression that DynamoDB would not take either
 */
export function meetsCondition(item: Row, request: ActionRequest): boolean {
  const { ConditionExpression: text } = request;
  return text === undefined || new Parser(text, item, request).condition();
}

/**
 * An item after the update that a request asks for.
 *
 * @throws OutboxError `OPTION_INVALID` for an expression that DynamoDB would not take either
 * @throws ItemRefused where the item does not allow it, such as a number added to text
 */
export function applyUpdate(item: Row, request: ActionRequest): Row {
  const { UpdateExpression: text } = request;
  return text === undefined ? { ...item } : new Parser(text, item, request).update();
}

type Path = readonly (string | number)[];
type Compared = number | bigint | string | Uint8Array;

const tokenPattern = /\s*(<>|<=|>=|[=<>(),.[\]+-]|[:#]?\w+|\S)/gy;
const sections = ['SET', 'REMOVE', 'ADD', 'DELETE'];

/** Reads an expression from left to right, and evaluates it on the way. */
class Parser {
  readonly #text: string;
  readonly #item: Row;
  readonly #request: ActionRequest;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string, item: Row, request: ActionRequest) {
    this.#text = text;
    this.#item = item;
    this.#request = request;
    this.#tokens = [...text.matchAll(tokenPattern)].map(([, token = '']) => token);
  }

  condition(): boolean {
    const result = this.#or();
    this.#end();
    return result;
  }

  /** All actions read the item as it was before the update. */
  update(): Row {
    const after = structuredClone(this.#item);
    while (this.#at < this.#tokens.length) {
      const section = sections.find((word) => this.#takes(word));
      if (section === undefined) throw this.#unread();
      do this.#change(section, after);
      while (this.#takes(','));
    }
    return after;
  }

  #change(section: string, after: Row): void {
    const path = this.#path();
    if (section === 'SET') {
      this.#expect('=');
      write(after, path, this.#assigned());
    } else if (section === 'REMOVE') {
      remove(after, path);
    } else {
      const value = this.#operand();
      const before = read(this.#item, path);
      write(after, path, section === 'ADD' ? added(before, value) : without(before, value));
    }
  }

  #assigned(): unknown {
    const left = this.#operand();
    if (this.#takes('+')) return sum(this.#present(left), this.#present(this.#operand()), 1);
    if (this.#takes('-')) return sum(this.#present(left), this.#present(this.#operand()), -1);
    return this.#present(left);
  }

  #present(value: unknown): unknown {
    if (value !== undefined) return value;
    throw new ItemRefused('the expression refers to an attribute that is not in the item');
  }

  #or(): boolean {
    let result = this.#and();
    while (this.#takes('OR')) result = this.#and() || result;
    return result;
  }

  #and(): boolean {
    let result = this.#not();
    while (this.#takes('AND')) result = this.#not() && result;
    return result;
  }

  #not(): boolean {
    if (this.#takes('NOT')) return !this.#not();
    if (!this.#takes('(')) return this.#clause();
    const result = this.#or();
    this.#expect(')');
    return result;
  }

  #clause(): boolean {
    const call = this.#isCall() ? predicates[this.#peek()] : undefined;
    if (call !== undefined) {
      this.#at += 1;
      return call(this.#list());
    }
    const left = this.#operand();
    if (this.#takes('IN')) return this.#list().some((one) => isDeepStrictEqual(left, one));
    if (this.#takes('BETWEEN')) {
      const from = this.#operand();
      this.#expect('AND');
      const to = this.#operand();
      return isInOrder(from, left) && isInOrder(left, to);
    }
    const compare = comparisons[this.#peek()];
    if (compare === undefined) throw this.#unread();
    this.#at += 1;
    return compare(left, this.#operand());
  }

  #operand(): unknown {
    const token = this.#peek();
    if (token.startsWith(':')) return this.#value();
    if (!this.#isCall()) return read(this.#item, this.#path());
    const call = functions[token];
    if (call === undefined) throw this.#unread();
    this.#at += 1;
    return call(this.#list());
  }

  #list(): unknown[] {
    this.#expect('(');
    const values = [this.#operand()];
    while (this.#takes(',')) values.push(this.#operand());
    this.#expect(')');
    return values;
  }

  #value(): unknown {
    const { ExpressionAttributeValues: values = {} } = this.#request;
    const name = this.#peek();
    if (!Object.hasOwn(values, name)) throw this.#unread();
    this.#at += 1;
    return values[name];
  }

  #path(): Path {
    const path: (string | number)[] = [this.#name()];
    for (;;) {
      if (this.#takes('.')) path.push(this.#name());
      else if (this.#takes('[')) {
        path.push(Number(this.#name(/^\d+$/)));
        this.#expect(']');
      } else return path;
    }
  }

  #name(pattern = /^#?\w+$/): string {
    const { ExpressionAttributeNames: names = {} } = this.#request;
    const token = this.#peek();
    const name = token.startsWith('#') ? names[token] : token;
    if (!pattern.test(token) || name === undefined) throw this.#unread();
    this.#at += 1;
    return name;
  }

  #isCall(): boolean {
    return /^[a-z]\w*$/.test(this.#peek()) && this.#tokens[this.#at + 1] === '(';
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #takes(word: string): boolean {
    if (this.#peek().toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(word: string): void {
    if (!this.#takes(word)) throw this.#unread();
  }

  #end(): void {
    if (this.#at < this.#tokens.length) throw this.#unread();
  }

  #unread(): OutboxError {
    return new OutboxError(
      'OPTION_INVALID',
      `expression "${this.#text}" is not understood at "${this.#peek()}": check its syntax, and that ` +
        'ExpressionAttributeNames and ExpressionAttributeValues have each placeholder',
      { details: { expression: this.#text } },
    );
  }
}

const comparisons: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '=': (a, b) => a !== undefined && isDeepStrictEqual(a, b),
  '<>': (a, b) => !isDeepStrictEqual(a, b),
  '<': (a, b) => isInOrder(a, b) && !isInOrder(b, a),
  '<=': isInOrder,
  '>': (a, b) => isInOrder(b, a) && !isInOrder(a, b),
  '>=': (a, b) => isInOrder(b, a),
};

const predicates: Readonly<Record<string, (values: readonly unknown[]) => boolean>> = {
  attribute_exists: ([value]) => value !== undefined,
  attribute_not_exists: ([value]) => value === undefined,
  attribute_type: ([value, type]) => value !== undefined && typeOf(value) === type,
  begins_with: ([value, start]) =>
    typeof value === 'string' && typeof start === 'string' && value.startsWith(start),
  contains: ([value, part]) => {
    if (typeof value === 'string') return typeof part === 'string' && value.includes(part);
    const members =
      value instanceof Set || Array.isArray(value) ? [...(value as Set<unknown>)] : [];
    return members.some((one) => isDeepStrictEqual(one, part));
  },
};

const functions: Readonly<Record<string, (values: readonly unknown[]) => unknown>> = {
  if_not_exists: ([value, other]) => (value === undefined ? other : value),
  list_append: ([first, second]) => {
    if (Array.isArray(first) && Array.isArray(second))
      return [...(first as unknown[]), ...(second as unknown[])];
    throw new ItemRefused('list_append takes two lists');
  },
  size: ([value]) => {
    if (typeof value === 'string' || Array.isArray(value)) return value.length;
    if (value instanceof Set) return value.size;
    if (value instanceof Uint8Array) return value.byteLength;
    return typeof value === 'object' && value !== null ? Object.keys(value).length : undefined;
  },
};

/** Whether two values of one type are in order, or the same; values that have no order are not. */
function isInOrder(a: unknown, b: unknown): boolean {
  if (!isCompared(a) || !isCompared(b) || typeOf(a) !== typeOf(b)) return false;
  return a instanceof Uint8Array ? Buffer.compare(a, b as Uint8Array) <= 0 : a <= b;
}

function isCompared(value: unknown): value is Compared {
  return ['number', 'bigint', 'string'].includes(typeof value) || value instanceof Uint8Array;
}

function typeOf(value: unknown): string {
  if (value === null) return 'NULL';
  if (value instanceof Set) return `${typeOf([...(value as Set<unknown>)][0])}S`;
  if (value instanceof Uint8Array) return 'B';
  if (Array.isArray(value)) return 'L';
  const types: Record<string, string> = { string: 'S', number: 'N', bigint: 'N', boolean: 'BOOL' };
  return types[typeof value] ?? 'M';
}

function sum(a: unknown, b: unknown, sign: 1 | -1): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') return a + sign * b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + BigInt(sign) * b;
  throw new ItemRefused('an operand of + or - is no number');
}

function added(before: unknown, value: unknown): unknown {
  if (value instanceof Set && (before === undefined || before instanceof Set)) {
    return new Set([...((before ?? []) as Set<unknown>), ...(value as Set<unknown>)]);
  }
  return sum(before ?? (typeof value === 'bigint' ? 0n : 0), value, 1);
}

/** A set that becomes empty is no attribute any more. */
function without(before: unknown, value: unknown): unknown {
  if (before === undefined) return undefined;
  if (!(before instanceof Set) || !(value instanceof Set)) {
    throw new ItemRefused('DELETE takes members out of a set');
  }
  const left = [...(before as Set<unknown>)].filter((member) => !value.has(member));
  return left.length === 0 ? undefined : new Set(left);
}

type Container = Record<string | number, unknown>;

function read(item: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (isContainer(inner, step) ? inner[step] : undefined),
    item,
  );
}

function write(item: Row, path: Path, value: unknown): void {
  const { parent, last } = parentOf(item, path);
  if (value === undefined) remove(item, path);
  else if (Array.isArray(parent)) parent[Math.min(Number(last), parent.length)] = value;
  else parent[last] = value;
}

function remove(item: Row, path: Path): void {
  const { parent, last } = parentOf(item, path);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent, last);
}

function parentOf(item: Row, path: Path): { parent: Container; last: string | number } {
  const last = path.at(-1) ?? '';
  const parent = read(item, path.slice(0, -1));
  if (isContainer(parent, last)) return { parent, last };
  throw new ItemRefused(`the document path ${path.join('.')} is not in the item`);
}

/** A map by a name, or a list by a number. */
function isContainer(value: unknown, step: string | number): value is Container {
  const isMap = typeOf(value) === 'M' && value !== undefined;
  return typeof step === 'number' ? Array.isArray(value) : isMap;
}
