import type { StandardSchemaV1 } from '@standard-schema/spec';

import { nameOfError } from '../core/redact.ts';
import type { TransactItem } from '../dynamodb/actions.ts';
import type { OutboxEvent } from '../events/event.ts';
import { describeIssues } from '../events/schema-issues.ts';
import type { SagaStatus } from '../table/saga.ts';
import {
  delayMs,
  sagaInvalid,
  toSagaJson,
  type CompensatingSaga,
  type Compensation,
  type SagaParts,
  type SagaSnapshot,
  type RunningSaga,
} from './step.ts';

/**
 * What may be left to undo at once. It may all be undone in one transaction, which takes 100 actions: the saga's row and
 * the inbox's marker, three for each of so many, and eight more. An event is one action, two with `sequence: 'next'`; a
 * write is one, and so is a deadline that is taken back.
 */
const maxCompensations = 30;

/** A saga while its handlers run: what they did so far. */
export interface SagaDraft<State> {
  readonly key: string;
  status: SagaStatus;
  state: { readonly value: State } | undefined;
  reason: string | undefined;
  readonly emits: OutboxEvent[];
  readonly writes: TransactItem[];
  /** Deadlines to set, by name. Milliseconds from now. */
  readonly deadlines: Map<string, number>;
  readonly cancelled: Set<string>;
  readonly compensations: Compensation[];
  /** Whether its event came too late to change it. */
  readonly isLate: boolean;
}

export function openDraft<State>(
  key: string,
  before?: SagaSnapshot<State>,
  { isLate = false }: { isLate?: boolean } = {},
): SagaDraft<State> {
  return {
    ...(before === undefined ? blank() : draftOf(before)),
    ...{ key, emits: [], writes: [], deadlines: new Map(), cancelled: new Set(), isLate },
  };
}

type Kept<State> = Pick<SagaDraft<State>, 'status' | 'state' | 'reason' | 'compensations'>;

function blank<State>(): Kept<State> {
  return { status: 'running', state: undefined, reason: undefined, compensations: [] };
}

function draftOf<State>({
  status,
  state,
  reason,
  compensations,
}: SagaSnapshot<State>): Kept<State> {
  return { status, state: { value: state }, reason, compensations: [...compensations] };
}

/** What handlers get. What may be asked for at the moment is what their types say, and is checked here too. */
export function stepOf<State>(
  parts: SagaParts<State>,
  draft: SagaDraft<State>,
): RunningSaga<State> {
  const { name: saga } = parts;
  return {
    key: draft.key,
    get state() {
      if (draft.state === undefined) throw sagaInvalid(saga, 'it has no state yet: call set');
      return draft.state.value;
    },
    get reason() {
      return draft.reason;
    },
    setState: (state) => {
      if (draft.isLate) throw sagaInvalid(saga, 'set for an event that came too late');
      draft.state = { value: frozen(state, saga) };
    },
    emit: (...events) => {
      draft.emits.push(...events);
    },
    write: (action) => {
      draft.writes.push(action);
    },
    ...whileRunning(parts, draft),
  };
}

type OnlyRunning = Omit<RunningSaga<unknown>, keyof CompensatingSaga<unknown>>;

function whileRunning<State>(parts: SagaParts<State>, draft: SagaDraft<State>): OnlyRunning {
  const { name: saga, deadlines, compensations } = parts;
  return {
    setDeadline: (name, after) => {
      checkRunning(draft, { saga, call: 'deadline' });
      checkKnown(deadlines, name, { saga, declaration: `.onDeadline('${name}', …)` });
      draft.deadlines.set(name, delayMs(after, `deadline ${name} of saga ${saga}`));
      draft.cancelled.delete(name);
    },
    cancelDeadline: (name) => {
      checkRunning(draft, { saga, call: 'cancelDeadline' });
      draft.deadlines.delete(name);
      draft.cancelled.add(name);
    },
    addCompensation: (name: string, argument?: unknown) => {
      checkRunning(draft, { saga, call: 'compensateWith' });
      checkKnown(compensations, name, { saga, declaration: `.compensation('${name}', …)` });
      checkRoom(draft, saga);
      const kept = argument === undefined ? {} : { argument: frozen(argument, saga) };
      const compensation = { name, ...kept };
      readArgument(parts, compensation);
      draft.compensations.push(compensation);
    },
    compensate: (reason) => {
      checkRunning(draft, { saga, call: 'compensate' });
      draft.status = 'compensating';
      draft.reason = reason;
    },
    complete: () => {
      checkRunning(draft, { saga, call: 'complete' });
      draft.status = 'completed';
    },
  };
}

/** As it will be read again: an immutable copy. */
function frozen<T>(value: T, saga: string): T {
  return JSON.parse(toSagaJson(saga, value), (_, part: unknown) => Object.freeze(part)) as T;
}

/** What is asked for after the end would be lost without a word. */
function checkRunning(
  { status, isLate }: SagaDraft<unknown>,
  { saga, call }: { saga: string; call: string },
): void {
  if (status === 'running' && !isLate) return;
  throw sagaInvalid(saga, `${call} when it was ${status}: only a running saga takes it`);
}

/** One too many is told of when the thing is done: when it is to be undone, it is too late. */
function checkRoom({ compensations }: SagaDraft<unknown>, saga: string): void {
  if (compensations.length < maxCompensations) return;
  throw sagaInvalid(
    saga,
    `it has ${maxCompensations} compensations, which are as many as can be undone in one transaction with three actions each: ` +
      'have one compensation undo several things, or split the saga',
  );
}

function checkKnown(
  known: ReadonlyMap<string, unknown>,
  name: string,
  { saga, declaration }: { saga: string; declaration: string },
): void {
  if (known.has(name)) return;
  throw sagaInvalid(saga, `it knows no ${name}: add ${declaration} to its definition`);
}

/**
 * The argument of a compensation as its handler gets it: what its schema makes of what was kept; `undefined` where it
 * takes none.
 *
 * @throws OutboxError `SAGA_INVALID` where it does not fit
 */
export function readArgument<State>(
  { name: saga, compensations, validationDetail }: SagaParts<State>,
  { name, argument }: Compensation,
): unknown {
  const schema = compensations.get(name)?.argument;
  if (schema === undefined) return argument;
  const result = validate(schema, argument, { saga, name });
  if (result instanceof Promise) {
    throw sagaInvalid(saga, `the schema for the argument of ${name} must not be async`);
  }
  if (result.issues === undefined) return result.value;
  const issues = describeIssues(result.issues, argument, { schema, validationDetail }).join('; ');
  throw sagaInvalid(saga, `the argument of ${name} does not fit its schema: ${issues}`);
}

/** What the schema's own code throws may quote the argument. */
function validate(
  schema: StandardSchemaV1,
  argument: unknown,
  { saga, name }: { saga: string; name: string },
): ReturnType<StandardSchemaV1['~standard']['validate']> {
  try {
    return schema['~standard'].validate(argument);
  } catch (error) {
    throw sagaInvalid(saga, `the schema for the argument of ${name} threw ${nameOfError(error)}`);
  }
}
