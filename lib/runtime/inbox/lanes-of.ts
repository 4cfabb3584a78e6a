import { isInvalidMessage, sequenceOf } from '../../contract/message.ts';
import type { Delivery } from './delivery.ts';
import { toLanes, type Lane } from './lanes.ts';
import { isFifo } from './sqs-event.ts';

/**
 * Deliveries by what must not overtake each other: the messages of a FIFO queue's group; in an ordered inbox those
 * of an aggregate, in sequence as far as they came together; elsewhere the copies of one message, so that they
 * do not compete.
 */
export function lanesOf(
  deliveries: readonly Delivery[],
  { isOrdered }: { isOrdered: boolean },
): Lane<Delivery>[] {
  const sorted = isOrdered && !deliveries.some(isOfFifo) ? bySequence(deliveries) : deliveries;
  return toLanes(sorted, (delivery) => laneOf(delivery, isOrdered));
}

/** Whether a delivery that failed holds up those behind it in its lane. An ordered inbox keeps them until its turn. */
export function holdsUp(delivery: Delivery, { isOrdered }: { isOrdered: boolean }): boolean {
  return isOfFifo(delivery) || !isOrdered;
}

function laneOf(delivery: Delivery, isOrdered: boolean): string {
  const { record, message } = delivery;
  const { MessageGroupId: group } = record.attributes;
  if (isOfFifo(delivery) && group !== undefined) return group;
  if (isInvalidMessage(message)) return record.messageId;
  return isOrdered ? message.subject : message.id;
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
