import { Token, type Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

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
export function checkGiven<Props extends object>(
  scope: IConstruct,
  props: Props | undefined,
  required: Readonly<Partial<Record<keyof Props & string, string>>>,
): void {
  const given = (props ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, next] of Object.entries(required)) {
    const value = given[name];
    if (value === undefined || value === null)
      fail(scope, `${name} is required, got ${value}: ${next}`);
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
