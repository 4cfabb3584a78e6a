import type { WriterConfig } from '../core/environment.ts';
import type { Clock, Log, Random } from '../core/ports.ts';
import type { TraceSource } from '../events/trace.ts';
import type { Transactor } from '../dynamodb/transactor.ts';

/** What writing events takes. */
export interface Writer {
  readonly config: WriterConfig;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly random: Random;
  /** @default - OpenTelemetry's active span, then what the context says */
  readonly trace?: TraceSource;
  /** @default - silent */
  readonly log?: Log;
  /**
   * Tries of one transaction, where each meets a conflict or is throttled.
   *
   * @default - as many as a transaction is given
   */
  readonly maxAttempts?: number;
}
