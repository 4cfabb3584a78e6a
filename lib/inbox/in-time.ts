import type { Clock } from '../core/ports.ts';
import { messageDeadline, outOfTime, type Deadline } from './deadline.ts';
import { failed, type Delivery, type Failed, type Outcome, type Rejected } from './delivery.ts';
import { reportLate } from './report.ts';

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
 * Does what there is to do for one message, in a time of its own. When that is up the message is given up: the work
 * goes on, nobody waits for it, and what becomes of it is told when it ends.
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
