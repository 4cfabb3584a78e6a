/**
 * Settings of every destination's client: a call ends within about seven seconds, one repetition
 * included. The quick tries come on top and are bounded by the caller's deadline.
 */
export const clientSettings = {
  maxAttempts: 2,
  // Without throwOnRequestTimeout the SDK only warns of a time-out.
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
} as const;

/**
 * The region of a destination, as its ARN or its queue's URL names it; of a name or a local URL it is the function's.
 * The client calls that region, and signs for it.
 */
export function regionOf(target: string): { region?: string } {
  const [, ofArn] = /^arn:[^:]+:[^:]+:([a-z0-9-]+):/.exec(target) ?? [];
  const [, ofUrl] = /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com/.exec(target) ?? [];
  const region = ofArn ?? ofUrl;
  return region === undefined ? {} : { region };
}
