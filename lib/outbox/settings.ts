import { AsyncLocalStorage } from 'node:async_hooks';

import {
  inboxFromEnvironment,
  reader,
  writerFromEnvironment,
  type Environment,
  type InboxConfig,
  type WriterConfig,
} from '../core/environment.ts';
import { traceFrom, type TraceSource } from '../events/trace.ts';
import {
  reconciliationFromEnvironment,
  type ReconciliationConfig,
} from '../table/reconciliation.ts';

// The settings that constructs give to functions by environment variables, and when they are read.

/** How `createOutbox`, `createInbox`, `createSaga` and `createReconciliation` find their settings. */
export interface EnvironmentOptions {
  /**
   * The variables that the construct sets. They are read once: on first use, or inside Lambda when the function
   * starts, so that a missing one fails the start. Importing a module that calls `create…` never reads them elsewhere.
   *
   * @default process.env
   */
  readonly environment?: Environment;
}

/** Settings of a writer: its outbox, and the trace that it writes in. */
export interface OutboxSettings extends WriterConfig {
  /** @default - the active span of OpenTelemetry, then what the context says */
  readonly trace?: TraceSource;
}

/** Settings of a consumer: its inbox, and its outbox if it has one. */
export interface InboxSettings extends InboxConfig {
  /**
   * Where emitted events are written.
   *
   * @default - handlers cannot emit events
   */
  readonly outbox?: OutboxSettings;
}

/** Settings of a saga: its inbox, its outbox, and the table that keeps its state. */
export interface SagaSettings extends InboxSettings {
  readonly sagaTableName: string;
  /** The name that its construct was given: that of the definition. */
  readonly sagaName: string;
}

/** Settings of a reconciliation, and of the outbox that it writes missing events to. */
export interface ReconciliationSettings extends ReconciliationConfig {
  /** @default - there is none: missing events can only be reported */
  readonly outbox?: OutboxSettings;
}

/** @throws OutboxError `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID`, as all of these */
export function outboxFrom(environment: Environment): OutboxSettings {
  // X-Ray's trace of each invocation, where nothing else says in which trace an event is written.
  return { ...writerFromEnvironment(environment), trace: traceFrom(environment) };
}

export function inboxFrom(environment: Environment): InboxSettings {
  return { ...inboxFromEnvironment(environment), ...outboxIfAny(environment) };
}

export function sagaFrom(environment: Environment): SagaSettings {
  const read = reader(
    environment,
    'pass the function to a Saga construct as its handler, which sets it',
  );
  return {
    ...inboxFrom(environment),
    sagaTableName: read.text('SAGA_TABLE'),
    sagaName: read.text('SAGA_NAME'),
  };
}

export function reconciliationFrom(environment: Environment): ReconciliationSettings {
  return { ...reconciliationFromEnvironment(environment), ...outboxIfAny(environment) };
}

function outboxIfAny(environment: Environment): { outbox?: OutboxSettings } {
  return environment['OUTBOX_TABLE'] === undefined ? {} : { outbox: outboxFrom(environment) };
}

/**
 * What `open` makes of the environment and the options, made on the first call and kept.
 *
 * Inside Lambda it is made at once: clients are ready before the first request, and a missing variable fails the
 * function's start. In a test scope, each scope has one of its own, made of the scope's environment and options.
 *
 * @param inTests variables that the scope cannot know
 */
export function onFirstUse<Options extends EnvironmentOptions, T>(
  options: Options,
  open: (environment: Environment, options: Options) => T,
  inTests: Environment = {},
): () => T {
  const ofScope = new WeakMap<TestScope, { readonly opened: T }>();
  let own: { readonly opened: T } | undefined;
  const use = (): T => {
    const scope = currentTestScope();
    if (scope === undefined) {
      own ??= { opened: open(options.environment ?? process.env, options) };
      return own.opened;
    }
    const known = ofScope.get(scope) ?? {
      opened: open({ ...inTests, ...scope.environment }, { ...options, ...scope.options }),
    };
    ofScope.set(scope, known);
    return known.opened;
  };
  // Lambda's runtime interface sets it, and nothing else does: tests and synthesis may set a function's name.
  if (process.env['AWS_LAMBDA_RUNTIME_API'] !== undefined) use();
  return use;
}

/** One test: the settings and the options of everything that it runs. */
export interface TestScope {
  /** Replaces `process.env`. */
  readonly environment: Environment;
  /** Replace the options that the code under test gives. */
  readonly options: object;
}

const key = Symbol.for('cdk-outbox/test-scope');

/** One storage per process: the ES module and the CommonJS copy of the package share it. */
interface Shared {
  [key]?: AsyncLocalStorage<TestScope> | undefined;
}

/** The test that runs the caller; `undefined` outside {@link runInTestScope}. */
function currentTestScope(): TestScope | undefined {
  return (globalThis as Shared)[key]?.getStore();
}

/** Runs `fn` so that every outbox, inbox and saga that it calls belongs to the scope, across awaits and middleware. */
export function runInTestScope<T>(scope: TestScope, fn: () => T): T {
  const storage = ((globalThis as Shared)[key] ??= new AsyncLocalStorage());
  return storage.run(scope, fn);
}
