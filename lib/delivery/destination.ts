import type { Entry } from '../table/entry.ts';
import type { DestinationKind } from '../core/environment.ts';
import type { TypeFilter } from '../core/event-types.ts';
import { toMessageJson, type DeliveryMarks } from '../table/message.ts';
import type { DeliveryError } from '../table/waiting.ts';

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
 * The result of sending one entry to one destination.
 *
 * - `published`: the destination has it.
 * - `rejected`: the destination can never take it as it is: malformed, too large, not allowed.
 * - `failed`: the destination did not take this entry this time, and takes others or may do so.
 * - `unavailable`: the destination takes no entry, or asks to slow down. Nothing is known against the entry.
 * - `held`: not sent, since an earlier entry of its aggregate was not published. Ordered destinations only.
 * - `not-attempted`: not sent for lack of time. Nothing is known against the entry or the destination.
 */
export type SendResult =
  | { readonly status: 'published' }
  | {
      readonly status: 'rejected' | 'failed' | 'unavailable' | 'held' | 'not-attempted';
      readonly error: DeliveryError;
      /** Whether it was refused in a call of its own, or in an answer that names it. */
      readonly isAlone?: boolean;
    };

/** By event id. Holds exactly one result for each entry that was to be published. */
export type SendResults = ReadonlyMap<string, SendResult>;

/** What a destination replied for one entry of a call, before it is classified. */
export type Reply = { readonly status: 'accepted' } | Refusal;

export interface Refusal {
  readonly status: 'refused';
  /** The service's error code for the entry. */
  readonly code: string;
  readonly message: string;
  /** Whether the service blames the sender, where it says so. */
  readonly senderFault?: boolean;
}

export interface SendOptions {
  /** The maximum duration of the call in milliseconds. It overrides the destination's own timeout. */
  readonly maxMs: number;
}

/** The port of a destination: one file per kind implements it, one conformance suite tests them all. */
export interface DestinationAdapter {
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
  send(
    outgoing: readonly Outgoing[],
    options: SendOptions,
  ): Promise<readonly (Reply | undefined)[]>;
}
