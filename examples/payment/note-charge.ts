import { createOutbox, OutboxError } from 'cdk-outbox/runtime';

import { ProviderAnswer } from '../provider/contract.ts';
import { noteOfCharge } from './payments.ts';

const outbox = createOutbox();

/** The provider tells of a charge by itself. It may have been noted already: then nothing is left to do. */
export async function handler(event: unknown): Promise<void> {
  const { update, event: noted } = noteOfCharge(ProviderAnswer.parse(event));
  try {
    await outbox.write({ items: [{ Update: update }], events: [noted] });
  } catch (error) {
    if (!OutboxError.is(error, 'CONDITION_FAILED')) throw error;
  }
}
