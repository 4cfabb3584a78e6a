import { isInvalidMessage, sequenceOf, type Message } from '../table/message.ts';
import type { Delivery } from './delivery.ts';
import { toLanes, type Lane } from './lanes.ts';
import { isFifo } from './sqs-event.ts';

/** What decides which deliveries share a lane. */
export interface LaneOptions {
  readonly isOrdered: boolean;
  /**
   * Names what the handlers of a message change: those that change the same thing would only get in each other's way.
   *
   * @default - nothing that others change
   */
  readonly rivalryOf?: ((message: Message) => string | undefined) | undefined;
}

/**
 * Deliveries by what must not overtake each other: the messages of a FIFO queue's group; in an ordered inbox those
 * of an aggregate, in sequence as far as they came together; elsewhere those that change the same thing, or the
 * copies of one message, so that they do not compete.
 */
export function lanesOf(deliveries: readonly Delivery[], options: LaneOptions): Lane<Delivery>[] {
  const isSorted = options.isOrdered && !deliveries.some(isOfFifo);
  const sorted = isSorted ? bySequence(deliveries) : deliveries;
  return toLanes(sorted, (delivery) => laneOf(delivery, options));
}

/**
 * Whether a delivery that failed holds up those behind it in its lane. An ordered inbox keeps them until its turn;
 * and one of several that change the same thing may be what the one before it waits for.
 */
export function holdsUp(delivery: Delivery, { isOrdered, rivalryOf }: LaneOptions): boolean {
  return isOfFifo(delivery) || !(isOrdered || rivalryOf !== undefined);
}

function laneOf(delivery: Delivery, { isOrdered, rivalryOf }: LaneOptions): string {
  const { record, message } = delivery;
  const { MessageGroupId: group } = record.attributes;
  if (isOfFifo(delivery) && group !== undefined) return group;
  if (isInvalidMessage(message)) return record.messageId;
  return isOrdered ? message.subject : (rivalryOf?.(message) ?? message.id);
}

function isOfFifo({ record }: Delivery): boolean {
  return isFifo(record);
}

function bySequence(deliveries: readonly Delivery[]): Delivery[] {
  return deliveries.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function placeOf({ message }: Delivery): number {
  return isInvalidMessage(message) ? 0 : (sequenceOf(message) ?? 0);
}
