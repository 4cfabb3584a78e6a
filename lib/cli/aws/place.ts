import type { OrderedConfig, RelayConfig } from '../../core/environment.ts';
import type { Stack } from './stack.ts';

/** An outbox as it was found in an account: its table, and what else is known of it. */
export interface OutboxPlace {
  /** Path of its construct, or where that is not known the name of its table. */
  readonly name: string;
  readonly tableName: string;
  /** What its functions are configured with; absent where none was found. */
  readonly config?: RelayConfig;
  /** Name of the function that delivers. */
  readonly relay?: string;
  /** Name of the function that settles what the relay did not. */
  readonly sweeper?: string;
  /** When the sweeper was last deployed, epoch milliseconds. */
  readonly deployedAt?: number;
  readonly stack?: Stack;
  /** Why its stack could not be read, where it could not. */
  readonly stackUnseen?: string;
}

/** An inbox as it was found in an account. */
export interface InboxPlace {
  /** The name that its markers carry. */
  readonly name: string;
  readonly handler: string;
  readonly tableName: string;
  readonly deadLetterQueueUrl: string;
  /** Present where it handles each aggregate's events in sequence. */
  readonly ordered?: OrderedConfig;
}
