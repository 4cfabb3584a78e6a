/**
 * Settings of every destination's client: a call ends within about seven seconds, one repetition
 * included. The quick tries come on top and are bounded by the caller's deadline.
 */
export const clientSettings = {
  maxAttempts: 2,
  // Without throwOnRequestTimeout the SDK only warns of a time-out.
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
} as const;
