import { entryPrefix, table } from './keys.ts';

/**
 * The filter of the relay's trigger: entries as they are written; no receipts, no waiting rows, no deferred
 * ones, and nothing that expires.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
export const newEntriesPattern = {
  eventName: ['INSERT'],
  dynamodb: { Keys: { [table.sk]: { S: [{ prefix: entryPrefix }] } } },
};
