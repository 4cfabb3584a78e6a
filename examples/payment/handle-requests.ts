import { createInbox, type LeaseTransaction, type MessageOf } from 'cdk-outbox/runtime';

import type { ChargeId } from '../provider/contract.ts';
import { PaymentRequested, RefundRequested } from '../shared/events.ts';
import { isKnown, noteOfCharge, noteOfRefund, type Note } from './payments.ts';
import { askProvider } from './provider.ts';

/**
 * Takes money for orders and gives it back, through a provider that no transaction of ours reaches: one worker at a
 * time asks, and what it heard is remembered together with the message.
 */
export const handler = createInbox({ concurrency: 4 })
  .on(PaymentRequested, charge, { idempotency: 'lease' })
  .on(RefundRequested, refund, { idempotency: 'lease' });

async function charge(
  { data }: MessageOf<typeof PaymentRequested>,
  tx: LeaseTransaction,
): Promise<void> {
  const { orderId, amount, card } = data;
  // Refunded before it was charged, or told of by the provider itself.
  if (await isKnown(orderId)) return;
  const notify = process.env['NOTE_CHARGE_FUNCTION'] ?? '';
  const answer = await askProvider({ do: 'charge', ...chargeOf(orderId), amount, card, notify });
  write(noteOfCharge(answer), tx);
}

async function refund(
  { data }: MessageOf<typeof RefundRequested>,
  tx: LeaseTransaction,
): Promise<void> {
  const answer = await askProvider({ do: 'refund', ...chargeOf(data.orderId) });
  write(noteOfRefund(answer), tx);
}

/**
 * The provider's key follows from the order, not from the message: a refund must find a charge that was never
 * answered, and a refund that overtakes its charge keeps money from being taken.
 */
function chargeOf(orderId: string): ChargeId {
  return { key: `order/${orderId}`, reference: orderId };
}

function write({ update, event }: Note, tx: LeaseTransaction): void {
  tx.update(update);
  tx.emit(event);
}
