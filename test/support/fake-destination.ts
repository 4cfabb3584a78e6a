import type { DestinationAdapter, Outgoing, Reply } from '../../lib/delivery/destination.ts';

export type Respond = (
  outgoing: readonly Outgoing[],
  callNumber: number,
) => readonly (Reply | undefined)[] | Promise<readonly (Reply | undefined)[]>;

/** A destination that remembers the ids of each call. */
export interface FakeDestination extends DestinationAdapter {
  readonly calls: readonly (readonly string[])[];
}

export const accepted: Reply = { status: 'accepted' };

export function refused(code: string, parts: { senderFault?: boolean } = {}): Reply {
  return { status: 'refused', code, message: `${code} it is`, ...parts };
}

/** An error as the SDK throws it. */
export function sdkError(name: string, httpStatusCode?: number): Error {
  return Object.assign(new Error(`${name} happened`), { name, $metadata: { httpStatusCode } });
}

/** A destination that accepts everything, unless `respond` says otherwise. */
export function createFakeDestination(
  respond: Respond = (outgoing) => outgoing.map(() => accepted),
  parts: Partial<DestinationAdapter> = {},
): FakeDestination {
  const calls: string[][] = [];
  return {
    name: 'fake',
    kind: 'queue',
    ordered: false,
    maxEntriesPerCall: 10,
    maxBytesPerCall: 100_000,
    sizeOf: ({ json }) => json.length,
    ...parts,
    calls,
    send: async (outgoing) => {
      calls.push(outgoing.map(({ entry }) => entry.id));
      return respond(outgoing, calls.length);
    },
  };
}

/** Replies entry by entry. */
export function each(reply: (outgoing: Outgoing) => Reply | undefined): Respond {
  return (outgoing) => outgoing.map(reply);
}
