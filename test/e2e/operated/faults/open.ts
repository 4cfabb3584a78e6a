import type { DestinationConfig } from '../../../../lib/core/environment.ts';
import type {
  DestinationAdapter,
  Outgoing,
  Reply,
  SendOptions,
} from '../../../../lib/delivery/destination.ts';
import { openDestinations as open } from '../../../../lib/delivery/destinations/open.ts';
import { readPlan } from './plan.ts';

/** The real destinations, except that they refuse what the plan says. */
export async function openDestinations(
  configs: readonly DestinationConfig[],
): Promise<DestinationAdapter[]> {
  return (await open(configs)).map((destination) => ({
    ...destination,
    send: (outgoing, options) => sendOthers(destination, outgoing, options),
  }));
}

const refused: Reply = {
  status: 'refused',
  code: 'NotAuthorizedForDetailTypeException',
  message: 'the policy allows no events of this type',
};

async function sendOthers(
  destination: DestinationAdapter,
  outgoing: readonly Outgoing[],
  options: SendOptions,
): Promise<readonly (Reply | undefined)[]> {
  const { refuses = [] } = readPlan();
  const others = outgoing.filter(({ entry }) => !refuses.includes(entry.type));
  const replies = others.length === 0 ? [] : await destination.send(others, options);
  return outgoing.map((one) => {
    const at = others.indexOf(one);
    return at === -1 ? refused : replies[at];
  });
}
