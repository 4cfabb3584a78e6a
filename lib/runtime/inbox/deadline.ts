import { OutboxError } from '../../contract/error.ts';

/** What an inbox uses of a Lambda context: how long the invocation may still run. */
export interface InvocationContext {
  getRemainingTimeInMillis?(): number;
}

/** The moment after which an invocation starts nothing and waits for nothing. */
export interface Deadline {
  hasPassed(): boolean;
  /** The answer of `work`, or `late()` if time is up first. The work goes on; nobody waits for it. */
  race<T>(work: Promise<T>, late: () => T): Promise<T>;
  /** Stops the timer. */
  clear(): void;
}

/** Kept back from an invocation's time, in milliseconds, for its answer, log lines and metrics. */
export const reserveMs = 1_000;

const never: Deadline = {
  hasPassed: () => false,
  race: (work) => work,
  clear: () => undefined,
};

/**
 * A second before Lambda's time-out, which would fail the whole batch and not only what was slow.
 * There is none where the context does not tell the time, as in a test.
 */
export function openDeadline(context: InvocationContext = {}): Deadline {
  if (context.getRemainingTimeInMillis === undefined) return never;
  const remainingMs = (): number => (context.getRemainingTimeInMillis?.() ?? 0) - reserveMs;
  const timeIsUp = Promise.withResolvers<undefined>();
  let isUp = remainingMs() <= 0;
  const timer = setTimeout(() => {
    isUp = true;
    timeIsUp.resolve(undefined);
  }, remainingMs());
  return {
    hasPassed: () => isUp || remainingMs() <= 0,
    race: (work, late) => Promise.race([work, timeIsUp.promise.then(late)]),
    clear: () => {
      clearTimeout(timer);
    },
  };
}

/** What a message is given back with that was not done in time. */
export function outOfTime(id: string): OutboxError {
  return new OutboxError(
    'HANDLER_TIMEOUT',
    `message ${id} was not done ${reserveMs} ms before the function's time was up: ` +
      'give up slow calls earlier, raise the timeout of the function, or lower the batch size',
    { facts: { id, reserveMs } },
  );
}
