import { AsyncLocalStorage } from 'node:async_hooks';

import type { Environment } from '../core/read-environment.ts';

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
export function currentTestScope(): TestScope | undefined {
  return (globalThis as Shared)[key]?.getStore();
}

/** Runs `fn` so that every outbox, inbox and saga that it calls belongs to the scope, across awaits and middleware. */
export function runInTestScope<T>(scope: TestScope, fn: () => T): T {
  const storage = ((globalThis as Shared)[key] ??= new AsyncLocalStorage());
  return storage.run(scope, fn);
}
