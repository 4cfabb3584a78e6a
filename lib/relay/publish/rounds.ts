import { groupBy } from '../../contract/group-by.ts';
import type { DeliveryError } from '../../contract/waiting.ts';
import { sendCall, type CallPorts } from './call.ts';
import type { Destination, Outgoing } from '../destination.ts';
import { inParallel } from '../../runtime/in-parallel.ts';
import { pack } from './pack.ts';
import type { Standing, Standings } from './standing.ts';

/** Calls to one destination that are under way at once. */
const maxParallelCalls = 10;

/**
 * Sends each entry once, and says where each stands. Never throws.
 *
 * Entries of one lane go one after the other, in the order given: never two at once, and never two in
 * one call, where the earlier could be refused alone. As soon as one does not go, those behind it are
 * held. Where there is no order to protect, each entry has a lane of its own, and one round does.
 */
export async function sendInRounds(
  destination: Destination,
  outgoing: readonly Outgoing[],
  ports: CallPorts,
): Promise<Standings> {
  const standings = new Map<string, Standing>();
  const went = (one: Outgoing | undefined): boolean =>
    one !== undefined && standings.get(one.entry.id)?.status === 'accepted';
  let lanes = [...groupBy(outgoing, (one) => laneOf(destination, one)).values()];
  for (let turn = 0; lanes.length > 0; turn++) {
    const round = lanes.flatMap((lane) => lane[turn] ?? []);
    const sent = await sendRound(destination, round, ports);
    for (const [id, standing] of sent) standings.set(id, standing);
    lanes = lanes.filter((lane) => lane.length > turn + 1 && went(lane[turn]));
  }
  return new Map(
    outgoing.map((one) => [one.entry.id, standings.get(one.entry.id) ?? held(destination, one)]),
  );
}

/** Entries of one lane keep their order: those of one aggregate, if the destination keeps order and the entry has a place in it. */
export function laneOf({ ordered }: Pick<Destination, 'ordered'>, { entry }: Outgoing): string {
  return ordered && entry.sequence !== undefined ? entry.aggregate : entry.id;
}

async function sendRound(
  destination: Destination,
  round: readonly Outgoing[],
  ports: CallPorts,
): Promise<Standings> {
  const { calls, tooLarge } = pack(round, destination);
  const sent = await inParallel(calls, maxParallelCalls, (call) =>
    sendCall(destination, call, ports),
  );
  return new Map([
    ...sent.flatMap((standings) => [...standings]),
    ...tooLarge.map((one): [string, Standing] => [one.entry.id, unsendable(destination, one)]),
  ]);
}

function unsendable(destination: Destination, outgoing: Outgoing): Standing {
  const { name, maxBytesPerCall } = destination;
  const bytes = destination.sizeOf(outgoing);
  const error: DeliveryError = {
    code: 'MESSAGE_TOO_LARGE',
    message: `the message has ${bytes} bytes, and ${name} takes ${maxBytesPerCall}: keep the data elsewhere and send a reference to it`,
    destination: name,
  };
  return { status: 'unsendable', error };
}

function held({ name }: Destination, { entry }: Outgoing): Standing {
  const error: DeliveryError = {
    code: 'HELD',
    message: `an earlier event of ${entry.aggregate} did not go`,
    destination: name,
  };
  return { status: 'held', error };
}
