import { OutboxError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { failed, type Delivery, type Failed, type Outcome, type Rejected } from './delivery.ts';
import { reportLate } from './report.ts';

/** What an inbox uses of a Lambda context: how long the invocation may still run. */
export interface InvocationContext {
  getRemainingTimeInMillis?(): number;
}

/** The moment after which nothing is started, and nothing is waited for. */
export interface Deadline {
  hasPassed(): boolean;
  /** Until the function must end, in milliseconds; `Infinity` where that is not known. */
  timeLeftMs(): number;
  /** Until it passes, in milliseconds: `Infinity` where it never does. */
  waitLeftMs(): number;
  /** The result of `work`, or `late()` if time is up first. The work goes on without being awaited. */
  race<T>(work: Promise<T>, late: () => T): Promise<T>;
  /** Stops the timer. */
  clear(): void;
}

/** Kept back from an invocation's time for its answer, log lines and metrics. */
const reserve = { maxMs: 1_000, maxShare: 1 / 4 };

/**
 * A second before Lambda's time-out (or a quarter of the time, where that is less), which would
 * fail the whole batch and not only what was slow. There is none where the context does not tell the time.
 */
export function openDeadline(context: InvocationContext = {}): Deadline {
  const timeLeftMs = (): number => context.getRemainingTimeInMillis?.() ?? Infinity;
  const totalMs = timeLeftMs();
  const reserveMs = Math.min(reserve.maxMs, totalMs * reserve.maxShare);
  const timer = startTimer(totalMs - reserveMs);
  return {
    hasPassed: () => timer.isUp() || timeLeftMs() <= reserveMs,
    timeLeftMs,
    waitLeftMs: () => timeLeftMs() - reserveMs,
    race: timer.race,
    clear: timer.clear,
  };
}

/** The deadline of one message: the invocation's, or so many milliseconds from now by the clock if that is earlier. */
function messageDeadline(
  ofInvocation: Deadline,
  clock: Pick<Clock, 'now'>,
  ms = Infinity,
): Deadline {
  const timer = startTimer(ms);
  const end = clock.now() + ms;
  return {
    hasPassed: () => timer.isUp() || ofInvocation.hasPassed(),
    timeLeftMs: () => ofInvocation.timeLeftMs(),
    waitLeftMs: () => Math.min(end - clock.now(), ofInvocation.waitLeftMs()),
    race: (work, late) => ofInvocation.race(timer.race(work, late), late),
    clear: timer.clear,
  };
}

interface Timer extends Pick<Deadline, 'race' | 'clear'> {
  readonly isUp: () => boolean;
}

const never: Timer = {
  isUp: () => false,
  race: (work) => work,
  clear: () => undefined,
};

function startTimer(ms: number): Timer {
  if (ms === Infinity) return never;
  let isUp = false;
  let timer: NodeJS.Timeout | undefined;
  const up = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      isUp = true;
      resolve(undefined);
    }, ms);
  });
  return {
    isUp: () => isUp,
    race: async (work, late) => {
      const inTime = work.then((answer) => ({ answer }));
      const first = await Promise.race([inTime, up]);
      return first === undefined ? late() : first.answer;
    },
    clear: () => {
      clearTimeout(timer);
    },
  };
}

/** What a message is given back with that was not done in time. */
export function outOfTime(id: string): OutboxError {
  return new OutboxError(
    'HANDLER_TIMEOUT',
    `message ${id} did not finish in time: set shorter timeouts on its calls, ` +
      'raise handlerTimeoutMs or the timeout of the function, or lower the batch size',
    { details: { id } },
  );
}

/** What bounds the time of messages. */
export interface TimePorts {
  /** The invocation's: after it no message is begun, and none is waited for. */
  readonly deadline: Deadline;
  readonly clock: Pick<Clock, 'now'>;
  /** How long a message is waited for, in milliseconds. @default - as long as the function may run */
  readonly handlerTimeoutMs?: number | undefined;
}

interface Ended {
  readonly outcome: Outcome | Rejected;
}

/**
 * Handles one message within its own time limit. After the limit the message counts as failed: the work goes on
 * without being awaited, and its result is reported when it ends.
 *
 * @param work never throws
 */
export async function inTime<Result extends Ended>(
  delivery: Delivery,
  work: (deadline: Deadline) => Promise<Result>,
  ports: TimePorts,
): Promise<Result | { readonly outcome: Failed }> {
  const deadline = messageDeadline(ports.deadline, ports.clock, ports.handlerTimeoutMs);
  const working = work(deadline);
  const result = await deadline.race<Result | { readonly outcome: Failed }>(working, () =>
    giveUp(delivery, working),
  );
  deadline.clear();
  return result;
}

function giveUp(delivery: Delivery, working: Promise<Ended>): { readonly outcome: Failed } {
  void working.then(({ outcome }) => {
    reportLate(delivery, outcome);
  });
  return { outcome: failed(outOfTime(delivery.record.messageId)) };
}
