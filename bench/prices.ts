/**
 * List prices in US dollars of us-east-1, without free tiers, as seen on 2026-08-15.
 *
 * https://aws.amazon.com/dynamodb/pricing/on-demand/ · https://aws.amazon.com/lambda/pricing/ ·
 * https://aws.amazon.com/eventbridge/pricing/ · https://aws.amazon.com/cloudwatch/pricing/
 */
export const prices = {
  seen: '2026-08-15',
  region: 'us-east-1',
  readUnit: 0.125e-6,
  writeUnit: 0.625e-6,
  lambdaRequest: 0.2e-6,
  /** On arm64. */
  lambdaGigabyteSecond: 0.0000133334,
  schedulerInvocation: 1e-6,
  logGigabyte: 0.5,
  /** A month. */
  alarm: 0.1,
  customMetric: 0.3,
} as const;

/** The month of AWS's own price examples: 730 hours. */
export const minutesPerMonth = 730 * 60;
