import type { WriterConfig } from '../../contract/environment.ts';
import type { Clock, Log, Random } from '../ports.ts';
import type { Transactor } from '../transaction/transactor.ts';

/** What writing events takes. */
export interface Writer {
  readonly config: WriterConfig;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly random: Random;
  /** @default - silent */
  readonly log?: Log;
}
