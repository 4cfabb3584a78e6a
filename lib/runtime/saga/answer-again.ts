import { OutboxError } from '../../contract/error.ts';
import { backoffMs, type Backoff } from '../backoff.ts';
import type { EventContract } from '../event/event.ts';
import type { Ending, Handling, MessageHandler } from '../inbox/way.ts';
import type { HandleOnce } from '../inbox/ways.ts';
import type { Clock, Random } from '../ports.ts';
import { answer, type Answer } from './answer.ts';
import type { AnswerPorts } from './find.ts';
import { mayHaveMissed } from './missed.ts';
import type { SagaParts } from './parts.ts';

/** What answering events until one answer is committed takes. */
export interface AnswerAgainPorts extends AnswerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly handleOnce: HandleOnce;
  /** Told of each answer that was committed, and of each event that was left alone. */
  readonly onAnswer: (answer: Answer) => void;
}

const raceDefaults = {
  /** About ten seconds on the average, time for a few hundred steps of one saga. */
  maxTries: 24,
  backoff: { baseMs: 20, maxMs: 1000 } satisfies Backoff,
  /** Left of the function's time for one more try and for the batch's answer. */
  reserveMs: 1500,
} as const;

/**
 * Handles each event of a saga once, also where a replay brings it again: a replay is for what was missed.
 *
 * Where another event of the same saga was faster, the saga is read and the event is answered anew. After the last
 * try, or when the function's time is nearly up, the message is given back to the queue without being an error, and
 * comes again after the queue's visibility timeout. That counts as a receive: a saga to which so many events come at
 * once that one of them loses in all its receives (`maxReceiveCount`) has that one dead-lettered. One saga takes
 * some tens of steps a second, whatever does it.
 */
export function answerUntilCommitted<State>(
  parts: SagaParts<State>,
  ports: AnswerAgainPorts,
): HandleOnce {
  return async ({ definition }, handling) => {
    if (!(await mayHaveMissed(parts, handling.message, ports))) {
      // Without a memory of it, or it could not be brought once its saga is there.
      ports.onAnswer({ outcome: 'ignored', isWritten: false });
      return 'handled';
    }
    for (let tries = 1; ; tries++) {
      const ending = await tryToAnswer(parts, { definition, handling }, ports);
      if (ending !== 'overtaken') return ending;
      const waitMs = backoffMs(tries, raceDefaults.backoff, ports.random);
      const leftMs = handling.timeLeftMs() - waitMs;
      if (tries >= raceDefaults.maxTries || leftMs < raceDefaults.reserveMs) return 'in-hand';
      handling.log.debug('another event changed the saga first, answering anew', { tries });
      await ports.clock.sleep(waitMs);
    }
  };
}

async function tryToAnswer<State>(
  parts: SagaParts<State>,
  { definition, handling }: { definition: EventContract; handling: Handling },
  ports: AnswerAgainPorts,
): Promise<Ending | 'overtaken'> {
  const { message } = handling;
  let last: Answer | undefined;
  const handler = async (...[, tx]: Parameters<MessageHandler>): Promise<void> => {
    last = await answer(parts, { message, tx }, ports);
  };
  try {
    const subscription = { definition, way: 'transaction', handler } as const;
    const ending = await ports.handleOnce(subscription, withoutReplay(handling));
    if (ending === 'handled' && last !== undefined) ports.onAnswer(last);
    return ending;
  } catch (error) {
    if (wasOvertaken(error, last)) return 'overtaken';
    throw error;
  }
}

/** Remembered by its id alone. What comes by a replay was most likely handled, so that is looked up first. */
function withoutReplay(handling: Handling): Handling {
  const { replayId, ...message } = handling.message;
  return replayId === undefined ? handling : { ...handling, message, isRedelivered: true };
}

/** Whether others wrote the saga's row, the first of the writes, meanwhile, or are at it. */
function wasOvertaken(error: unknown, last: Answer | undefined): boolean {
  if (last?.isWritten !== true) return false;
  if (OutboxError.is(error, 'TRANSACTION_CONFLICT')) return isOnlyConflict(error);
  if (!OutboxError.is(error, 'CONDITION_FAILED')) return false;
  const { failures } = error.facts as { failures: readonly { index: number }[] };
  return failures.some(({ index }) => index === 0);
}

/** A table that is throttled is another matter. */
function isOnlyConflict({ facts }: OutboxError): boolean {
  const { codes } = facts as { codes: readonly string[] };
  return codes.every((code) => code === 'TransactionConflict');
}
