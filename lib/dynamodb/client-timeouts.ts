/**
 * Time-outs of the AWS clients inside functions. The SDK has none by default: a connection that hangs would cost the
 * whole time of an invocation, and its batch a repetition. The client tries again what timed out.
 */
export const clientTimeouts = {
  connectionTimeout: 1_000,
  requestTimeout: 5_000,
  // Without throwOnRequestTimeout the SDK only warns of a time-out.
  throwOnRequestTimeout: true,
} as const;
