import {
  writerFromEnvironment,
  type Environment,
  type WriterConfig,
} from '../../contract/environment.ts';
import { traceFrom, type TraceSource } from '../trace.ts';

/** What a writer must know of its outbox, and of the trace that it writes in. */
export interface OutboxSettings extends WriterConfig {
  /** @default - the active span of OpenTelemetry, then what the context says */
  readonly trace?: TraceSource;
}

/**
 * An outbox's settings, from the variables that the construct's `grantWrite` sets; and X-Ray's trace of each
 * invocation, where nothing else says in which trace an event is written.
 *
 * @param environment `process.env`
 * @throws OutboxError `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID`
 */
export function outboxFrom(environment: Environment): OutboxSettings {
  return { ...writerFromEnvironment(environment), trace: traceFrom(environment) };
}
