import type { WriterConfig } from '../../contract/environment.ts';
import type { Clock, Log, Random } from '../ports.ts';
import type { TraceSource } from '../trace.ts';
import type { Transactor } from '../transaction/transactor.ts';

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
