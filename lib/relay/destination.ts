import type { DestinationKind } from '../contract/environment.ts';
import type { Entry } from '../contract/entry.ts';
import type { TypeFilter } from '../contract/event-types.ts';
import type { DeliveryError } from '../contract/waiting.ts';

/** An entry on its way: what a destination needs, made once for all of them. */
export interface Outgoing {
  readonly entry: Entry;
  /** The message as JSON text. */
  readonly json: string;
}

/**
 * What one destination said of one entry: it has it; it will never take it; it did not take it this time;
 * or it could not be reached, or refuses everyone.
 */
export type Outcome =
  | { readonly status: 'published' }
  | { readonly status: 'rejected' | 'failed' | 'unavailable'; readonly error: DeliveryError };

/** The port of a destination: one file per kind implements it, one conformance suite tests them all. */
export interface Destination {
  readonly name: string;
  readonly kind: DestinationKind;
  /** Whether it keeps the order of an aggregate's entries. */
  readonly ordered: boolean;
  readonly types?: TypeFilter;
  readonly maxEntriesPerCall: number;
  readonly maxBytesPerCall: number;
  /** Bytes that an entry takes of a call. */
  sizeOf(outgoing: Outgoing): number;
  /**
   * One call. Answers with one outcome per entry, in their order, read entry by entry.
   * Throws what the client throws where the call as a whole failed.
   */
  send(outgoing: readonly Outgoing[]): Promise<readonly Outcome[]>;
}
