import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { v7 } from 'uuid';

import type { Clock, NewId } from './ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms) => {
    await delay(ms);
  },
};

export const newId: NewId = (epochMs) => v7({ msecs: epochMs });

/** Up to 128 letters, digits and punctuation, all of ASCII but space and control characters. */
const tokenPattern = /^[!-~]{1,128}$/;

/**
 * A text as SQS and SNS take it for a group or a deduplication id: itself where they take it, else its SHA-256.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function messageToken(text: string): string {
  return tokenPattern.test(text) ? text : createHash('sha256').update(text).digest('hex');
}
