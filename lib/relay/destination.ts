import type { Entry } from '../contract/entry.ts';
import type { DestinationKind } from '../contract/environment.ts';
import type { TypeFilter } from '../contract/event-types.ts';
import { toMessageJson, type DeliveryMarks } from '../contract/message.ts';
import type { DeliveryError } from '../contract/waiting.ts';

/** An entry on its way: what a destination needs, made once for all of them by {@link toOutgoing}. */
export interface Outgoing extends DeliveryMarks {
  readonly entry: Entry;
  /** The message's source: the service that wrote the event. */
  readonly source: string;
  /** The message as JSON text. */
  readonly json: string;
}

/** The entry with the message that tells of it. */
export function toOutgoing(entry: Entry, source: string, marks: DeliveryMarks = {}): Outgoing {
  return { entry, source, json: toMessageJson(entry, source, marks), ...marks };
}

/**
 * What became of one entry at one destination.
 *
 * - `published`: the destination has it.
 * - `rejected`: it can never have it as it is: malformed, too large, not allowed.
 * - `failed`: it did not take this one, this time.
 * - `unavailable`: it cannot be reached, or refuses everyone: nothing is wrong with the entry.
 * - `held`: not sent, since an earlier entry of its aggregate did not go. Ordered destinations only.
 */
export type Outcome =
  | { readonly status: 'published' }
  | {
      readonly status: 'rejected' | 'failed' | 'unavailable' | 'held';
      readonly error: DeliveryError;
    };

/** By event id. Holds exactly one outcome for each entry that was to be published. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** What a destination replied for one entry of a call, before anyone judged it. */
export type Reply = { readonly status: 'accepted' } | Refusal;

export interface Refusal {
  readonly status: 'refused';
  /** The service's error code for the entry. */
  readonly code: string;
  readonly message: string;
  /** Whether the service blames the sender, where it says so. */
  readonly senderFault?: boolean;
}

/** The port of a destination: one file per kind implements it, one conformance suite tests them all. */
export interface Destination {
  readonly name: string;
  readonly kind: DestinationKind;
  /** Whether it keeps the order of an aggregate's entries. */
  readonly ordered: boolean;
  readonly types?: TypeFilter;
  readonly maxEntriesPerCall: number;
  readonly maxBytesPerCall: number;
  /** Bytes that an entry takes of a call, as the service counts them. */
  sizeOf(outgoing: Outgoing): number;
  /**
   * One call. One reply per entry, in their order, read entry by entry: what the service said
   * nothing of is missing or refused, never accepted.
   * Throws what the client throws where the call as a whole failed.
   */
  send(outgoing: readonly Outgoing[]): Promise<readonly (Reply | undefined)[]>;
}
