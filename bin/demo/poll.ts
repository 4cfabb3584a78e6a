import { setTimeout as delay } from 'node:timers/promises';

const pauseMs = 200;

/** What is waited for, and how long. */
export interface Wait {
  /** Completes "gave up waiting until …". */
  readonly until: string;
  readonly timeoutMs: number;
}

/**
 * Asks again and again until there is an answer.
 *
 * Throws when the time is over, with what `ask` threw last as its cause: what is not there yet may
 * well throw.
 */
export async function poll<T>(ask: () => Promise<T | undefined>, wait: Wait): Promise<T> {
  const deadline = Date.now() + wait.timeoutMs;
  for (;;) {
    const answer = await attempt(ask);
    if (answer.value !== undefined) return answer.value;
    if (Date.now() > deadline) {
      const seconds = Math.round(wait.timeoutMs / 1000);
      throw new Error(`gave up waiting until ${wait.until}, after ${seconds} s`, answer);
    }
    await pause();
  }
}

/** As long as it is not worth while to look again. */
export async function pause(): Promise<void> {
  await delay(pauseMs);
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

/** Asks again and again until the answer will do, or the time is up. Answers with the latest answer. */
export async function latestWithin<T>(
  timeoutMs: number,
  ask: () => Promise<T>,
  willDo: (answer: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (willDo(answer) || Date.now() > deadline) return answer;
    await pause();
  }
}
