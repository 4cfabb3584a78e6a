import { z } from 'zod';

/** Which charge is meant. */
export const ChargeId = z.object({
  /** The idempotency key: what is asked for under one key is one charge. */
  key: z.string(),
  /** What the money is for, as its customer calls it. The provider keeps it, and makes nothing of it. */
  reference: z.string(),
});
export type ChargeId = z.infer<typeof ChargeId>;

/** What the provider can be asked. */
export const ProviderRequest = z.discriminatedUnion('do', [
  ChargeId.extend({
    do: z.literal('charge'),
    amount: z.number().positive(),
    card: z.string(),
    /** The function to tell of the charge as well. */
    notify: z.string(),
  }),
  ChargeId.extend({ do: z.literal('refund') }),
]);
export type ProviderRequest = z.infer<typeof ProviderRequest>;

/** The result of the charge. */
export const ProviderAnswer = z.object({
  reference: z.string(),
  charged: z.number().nonnegative(),
  refunded: z.number().nonnegative(),
});
export type ProviderAnswer = z.infer<typeof ProviderAnswer>;
