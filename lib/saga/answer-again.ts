import { OutboxError } from '../core/errors.ts';
import { backoffMs, type Backoff } from '../core/retry.ts';
import type { EventContract } from '../events/event.ts';
import type { Ending, Handling, MessageHandler } from '../inbox/way.ts';
import type { HandleOnce } from '../inbox/ways.ts';
import type { Clock, Random } from '../core/ports.ts';
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
  /** About ten seconds on the average, time for a few hundred steps of one saga. Each is one transaction. */
  maxTries: 24,
  backoff: { baseMs: 20, maxMs: 1000 } satisfies Backoff,
  /** Left of the message's time for one more try. */
  reserveMs: 500,
} as const;

/**
 * Handles each event of a saga once, also where a replay brings it again: a replay is for what was missed.
 *
 * Where another event of the same saga was faster, another transaction in the way, or the table throttled, the saga is
 * read and the event is answered anew. After the last try, or when its time is nearly up, the message is
 * given back to the queue, and comes again after the queue's visibility timeout. Where others of its saga were faster,
 * that is no error, but it counts as a receive: a saga to which so many events come at once that one of them loses in
 * all its receives (`maxReceiveCount`) has that one dead-lettered. One saga takes some tens of steps a second, whatever
 * does it.
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
      const tried = await tryToAnswer(parts, { definition, handling }, ports);
      if (tried.status === 'ended') return tried.ending;
      const waitMs = backoffMs(tries, raceDefaults.backoff, ports.random);
      const leftMs = handling.waitLeftMs() - waitMs;
      if (tries >= raceDefaults.maxTries || leftMs < raceDefaults.reserveMs) return giveBack(tried);
      handling.log.debug('others were in the way, answering anew', { tries });
      await ports.clock.sleep(waitMs);
    }
  };
}

type Tried = { readonly status: 'ended'; readonly ending: Ending } | Hindered;

/** What may pass by itself: other events of the saga, a conflict over something else, or a table that is throttled. */
interface Hindered {
  readonly status: 'overtaken' | 'hindered';
  readonly error: OutboxError;
}

async function tryToAnswer<State>(
  parts: SagaParts<State>,
  { definition, handling }: { definition: EventContract; handling: Handling },
  ports: AnswerAgainPorts,
): Promise<Tried> {
  const { message } = handling;
  let last: Answer | undefined;
  const handler = async (...[, tx]: Parameters<MessageHandler>): Promise<void> => {
    last = await answer(parts, { message, tx }, ports);
  };
  try {
    const subscription = { definition, way: 'transaction', handler } as const;
    const ending = await ports.handleOnce(subscription, withoutReplay(handling));
    if (ending === 'handled' && last !== undefined) ports.onAnswer(last);
    return { status: 'ended', ending };
  } catch (error) {
    if (wasOvertaken(error, last)) return { status: 'overtaken', error };
    if (OutboxError.is(error, 'TRANSACTION_CONFLICT')) return { status: 'hindered', error };
    throw error;
  }
}

/** That others of its saga are faster is no error: it comes again. */
function giveBack({ status, error }: Hindered): Ending {
  if (status === 'overtaken') return 'in-hand';
  throw error;
}

/** Remembered by its id alone. What comes by a replay was most likely handled, so that is looked up first. */
function withoutReplay(handling: Handling): Handling {
  const { replayId, ...message } = handling.message;
  return replayId === undefined ? handling : { ...handling, message, isRedelivered: true };
}

/** Whether others wrote the saga's row, the first of the writes, meanwhile, or are at it. */
function wasOvertaken(error: unknown, last: Answer | undefined): error is OutboxError {
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
