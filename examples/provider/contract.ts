import { z } from 'zod';

/** What the provider can be asked. The key makes a charge one charge, and a refund the refund of it. */
export const ProviderRequest = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('charge'),
    key: z.string(),
    amount: z.number().positive(),
    card: z.string(),
    /** The function to tell of the charge as well. */
    notify: z.string(),
  }),
  z.object({ do: z.literal('refund'), key: z.string() }),
]);
export type ProviderRequest = z.infer<typeof ProviderRequest>;

/** What became of the key's charge. */
export const ProviderAnswer = z.object({
  key: z.string(),
  charged: z.number().nonnegative(),
  refunded: z.number().nonnegative(),
});
export type ProviderAnswer = z.infer<typeof ProviderAnswer>;
