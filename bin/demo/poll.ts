import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

const pauseMs = 200;

/** How long to wait without any progress, by default: long enough for a machine that has much else to do. */
export const patienceMs = 300_000;

/** What is waited for, and how long. */
export interface Wait {
  /** Completes "timed out waiting until …". */
  readonly until: string;
  /**
   * In milliseconds.
   *
   * @default - five minutes
   */
  readonly timeoutMs?: number;
}

/**
 * Asks again and again until there is an answer.
 *
 * Throws when the time is over, with what `ask` threw last as its cause: what is not there yet may
 * well throw.
 */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { until, timeoutMs = patienceMs }: Wait,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await attempt(ask);
    if (answer.value !== undefined) return answer.value;
    if (Date.now() > deadline) {
      const seconds = Math.round(timeoutMs / 1000);
      throw new Error(`timed out waiting until ${until}, after ${seconds} s`, answer);
    }
    await delay(pauseMs);
  }
}

async function attempt<T>(
  ask: () => Promise<T | undefined>,
): Promise<{ value?: T | undefined; cause?: unknown }> {
  try {
    return { value: await ask() };
  } catch (cause) {
    return { cause };
  }
}

/**
 * Asks again and again until the answer will do, and returns the latest answer.
 *
 * Stops when `patience` milliseconds bring no new answer: each new answer is progress, and a slow machine
 * makes progress slowly.
 */
export async function latestOf<T>(
  ask: () => Promise<T>,
  willDo: (answer: T) => boolean,
  patience = patienceMs,
): Promise<T> {
  const seen = new Set<string>();
  let deadline = 0;
  for (;;) {
    const answer = await ask();
    const text = inspect(answer, { depth: Infinity, maxArrayLength: null, maxStringLength: null });
    if (!seen.has(text)) deadline = Date.now() + patience;
    seen.add(text);
    if (willDo(answer) || Date.now() > deadline) return answer;
    await delay(pauseMs);
  }
}
