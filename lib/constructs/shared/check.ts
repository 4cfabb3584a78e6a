import { Annotations, Stack, Token, TokenComparison, type Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import { definedOnly } from '../../core/collections.ts';
import { isTypePattern } from '../../core/event-types.ts';

/** Stops the synthesis: what is wrong, what is allowed, and the construct that it was given to. */
export function fail(scope: IConstruct, problem: string): never {
  throw new Error(`${problem} (${scope.node.path})`);
}

/**
 * Fails unless all that is required was given, which only TypeScript asks for otherwise.
 *
 * @param required what to give, by the name of the prop
 */
export function checkRequiredProps<Props extends object>(
  scope: IConstruct,
  props: Props | undefined,
  required: Readonly<Partial<Record<keyof Props & string, string>>>,
): void {
  const given = (props ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, next] of Object.entries(required) as [string, string][]) {
    const value = given[name];
    if (value === undefined || value === null)
      fail(scope, `${name} is required, got ${value === null ? 'null' : 'undefined'}: ${next}`);
  }
}

/** A number given by the user, where it was given, and what it may be. */
export interface NumberCheck {
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

/** Fails unless the value is a whole number in its range. One that is known only at deployment passes. */
export function checkNumber(scope: IConstruct, { name, value, min, max }: NumberCheck): void {
  if (Token.isUnresolved(value)) return;
  if (Number.isInteger(value) && value >= min && value <= max) return;
  fail(scope, `${name} must be a whole number from ${min} to ${max}, got ${value}`);
}

/** A duration given by the user, where it was given, and what it may be. */
export interface DurationCheck {
  readonly name: string;
  readonly value: Duration;
  readonly min: Duration;
  /** @default - no upper bound */
  readonly max?: Duration;
}

/** Fails unless the value is in its range. One that is known only at deployment passes. */
export function checkDuration(scope: IConstruct, { name, value, min, max }: DurationCheck): void {
  if (value.isUnresolved()) return;
  const isLongEnough = value.toMilliseconds() >= min.toMilliseconds();
  const isShortEnough = max === undefined || value.toMilliseconds() <= max.toMilliseconds();
  if (isLongEnough && isShortEnough) return;
  const range =
    max === undefined
      ? `at least ${min.toHumanString()}`
      : `${min.toHumanString()} to ${max.toHumanString()}`;
  fail(scope, `${name} must be ${range}, got ${value.toHumanString()}`);
}

/** Fails unless each is an event type, or a prefix of one and `*`. */
export function checkTypes(
  scope: IConstruct,
  name: string,
  types: readonly string[] | undefined,
): void {
  if (types === undefined) return;
  if (types.length === 0)
    fail(scope, `${name} must not be empty: leave it out to take every event`);
  const wrong = types.find((type) => !Token.isUnresolved(type) && !isTypePattern(type));
  if (wrong === undefined) return;
  fail(
    scope,
    `${name} must be event types, or prefixes followed by *, got ${JSON.stringify(wrong)}`,
  );
}

/** A text of at most so many characters: a longer one ends in three dots. */
export function cutTo(maxChars: number, text: string): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 3)}...`;
}

// Optional props of the CDK are absent or have a value; what users pass may be `undefined`.
export { definedOnly };

/** Props in which everything that has a default is said. */
export type WithDefaults<Props, Defaults> = Props &
  Required<Pick<Props, keyof Props & keyof Defaults>>;

/** Props with the defaults where they say nothing. A prop that is given as `undefined` says nothing. */
export function withDefaults<Props extends object, Defaults extends Partial<Props>>(
  props: Props,
  defaults: Defaults,
): WithDefaults<Props, Defaults> {
  const said = definedOnly(props) as Props;
  return { ...defaults, ...said } as WithDefaults<Props, Defaults>;
}

/** What a construct can have only one of, and why. */
export interface Claim {
  /** What is claimed: `outbox`, `inbox`. Part of the construct's metadata in the cloud assembly. */
  readonly name: string;
  readonly owner: IConstruct;
  /** Why there can be only one, and what to do instead. */
  readonly reason: string;
}

/** Claims `construct` for an owner; fails if another owner has it. Claiming again changes nothing. */
export function claim(construct: IConstruct, { name, owner, reason }: Claim): void {
  const type = `cdk-outbox:${name}`;
  const holder = construct.node.metadata.find((entry) => entry.type === type)?.data as
    string | undefined;
  if (holder === undefined) construct.node.addMetadata(type, owner.node.path);
  else if (holder !== owner.node.path) {
    fail(owner, `${construct.node.path} belongs to ${holder} already: ${reason}`);
  }
}

/** Something that must be where a construct is. */
export interface PlaceCheck {
  /** What it is: `table Orders/Table`. */
  readonly what: string;
  readonly resource: { readonly env: { readonly account: string; readonly region: string } };
  /** What to do where it is somewhere else. */
  readonly next: string;
  /** @default - both must be the same */
  readonly only?: 'region';
}

/**
 * Fails if something is known to be in another account or region than the construct's stack; warns if one of the two
 * is known and the other only at deployment.
 */
export function checkPlace(scope: IConstruct, { what, resource, next, only }: PlaceCheck): void {
  const stack = Stack.of(scope);
  const parts = only === undefined ? (['account', 'region'] as const) : [only];
  for (const part of parts) {
    const found = resource.env[part];
    const wanted = stack[part];
    const comparison = Token.compareStrings(found, wanted);
    if (comparison === TokenComparison.DIFFERENT) {
      fail(scope, `${what} is in ${part} ${found}, and must be in ${wanted}: ${next}`);
    }
    if (comparison !== TokenComparison.ONE_UNRESOLVED) continue;
    const known = Token.isUnresolved(found) ? wanted : found;
    Annotations.of(scope).addWarningV2(
      `cdk-outbox:${part}`,
      `${what} must be in the ${part} of ${scope.node.path}; only one of the two is known, ${known}: set env on the stack, and it is checked`,
    );
  }
}
