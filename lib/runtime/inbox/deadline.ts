import { OutboxError } from '../../contract/error.ts';

/** What an inbox uses of a Lambda context: how long the invocation may still run. */
export interface InvocationContext {
  getRemainingTimeInMillis?(): number;
}

/** The moment after which an invocation starts nothing and waits for nothing. */
export interface Deadline {
  hasPassed(): boolean;
  /** Until the function must end, in milliseconds; `Infinity` where that is not known. */
  timeLeftMs(): number;
  /** The answer of `work`, or `late()` if time is up first. The work goes on; nobody waits for it. */
  race<T>(work: Promise<T>, late: () => T): Promise<T>;
  /** Stops the timer. */
  clear(): void;
}

/** Kept back from an invocation's time for its answer, log lines and metrics. */
const reserve = { maxMs: 1_000, maxShare: 1 / 4 };

const never: Deadline = {
  hasPassed: () => false,
  timeLeftMs: () => Infinity,
  race: (work) => work,
  clear: () => undefined,
};

/**
 * A second before Lambda's time-out (or a quarter of the time, where that is less), which would
 * fail the whole batch and not only what was slow. There is none where the context does not tell the time.
 */
export function openDeadline(context: InvocationContext = {}): Deadline {
  const timeLeft = (): number => context.getRemainingTimeInMillis?.() ?? Infinity;
  const totalMs = timeLeft();
  if (totalMs === Infinity) return never;
  const reserveMs = Math.min(reserve.maxMs, totalMs * reserve.maxShare);
  const timeIsUp = Promise.withResolvers<undefined>();
  let isUp = false;
  const timer = setTimeout(() => {
    isUp = true;
    timeIsUp.resolve(undefined);
  }, totalMs - reserveMs);
  return {
    hasPassed: () => isUp || timeLeft() <= reserveMs,
    timeLeftMs: timeLeft,
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
    `message ${id} was not done when the function's time was nearly up: ` +
      'give up slow calls earlier, raise the timeout of the function, or lower the batch size',
    { facts: { id } },
  );
}
