import { AsyncLocalStorage } from 'node:async_hooks';

import type { Environment } from '../contract/read-environment.ts';
import type { SqsSender } from './inbox/dead-letter.ts';
import type { InboxMetricsSink } from './inbox/metrics.ts';
import type { Clock, Log } from './ports.ts';
import type { RunningSagas } from './saga/running-sagas.ts';
import type { Transactor } from './transaction/transactor.ts';

/** What code under test uses instead of AWS. It replaces what the code's own options give. */
export interface TestPorts {
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly sqs: SqsSender;
  readonly running: RunningSagas;
  readonly logger: Log;
  readonly log: Log;
  readonly metrics: InboxMetricsSink;
  /** A test's log may hold what an error quotes. */
  readonly logErrorMessages: true;
}

/** One test: the settings and the dependencies of everything that it runs. */
export interface TestScope {
  /** Replaces `process.env`. */
  readonly environment: Environment;
  readonly ports: TestPorts;
}

const key = Symbol.for('cdk-outbox/test-scope');

/** One storage per process: the ES module and the CommonJS copy of the package share it. */
interface Shared {
  [key]?: AsyncLocalStorage<TestScope> | undefined;
}

/** The test that runs the caller; `undefined` outside {@link runInTestScope}. */
export function currentTestScope(): TestScope | undefined {
  return (globalThis as Shared)[key]?.getStore();
}

/** Runs `fn` so that every outbox, inbox and saga that it calls belongs to the scope, across awaits and middleware. */
export function runInTestScope<T>(scope: TestScope, fn: () => T): T {
  const storage = ((globalThis as Shared)[key] ??= new AsyncLocalStorage());
  return storage.run(scope, fn);
}
