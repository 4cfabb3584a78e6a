import { OutboxError } from '../../contract/error.ts';
import { backoffMs, type Backoff } from '../backoff.ts';
import type { MessageHandler } from '../inbox/way.ts';
import type { HandleOnce } from '../inbox/ways.ts';
import type { Clock, Random } from '../ports.ts';
import { answer, type Answer, type AnswerPorts } from './answer.ts';
import type { SagaParts } from './parts.ts';

/** What answering events until one answer is committed takes. */
export interface AnswerAgainPorts extends AnswerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly handleOnce: HandleOnce;
  /** Told of each answer that was committed. */
  readonly onAnswer: (answer: Answer) => void;
}

const raceDefaults = {
  maxTries: 8,
  backoff: { baseMs: 20, maxMs: 500 } satisfies Backoff,
} as const;

/**
 * Handles each event of a saga once.
 *
 * Where another event of the same saga was faster, the saga is read and the event is answered anew. After the last
 * try the message goes back to the queue.
 */
export function answerUntilCommitted<State>(
  parts: SagaParts<State>,
  ports: AnswerAgainPorts,
): HandleOnce {
  return async ({ definition }, handling) => {
    for (let tries = 1; ; tries++) {
      let last: Answer | undefined;
      const handle = async (...[message, tx]: Parameters<MessageHandler>): Promise<void> => {
        last = await answer(parts, { message, tx }, ports);
      };
      try {
        const subscription = { definition, way: 'transaction', handler: handle } as const;
        const ending = await ports.handleOnce(subscription, handling);
        if (ending === 'handled' && last !== undefined) ports.onAnswer(last);
        return ending;
      } catch (error) {
        if (tries >= raceDefaults.maxTries || !wasOvertaken(error, last)) throw error;
      }
      handling.log.debug('another event changed the saga first, answering anew', { tries });
      await ports.clock.sleep(backoffMs(tries, raceDefaults.backoff, ports.random));
    }
  };
}

/** Whether the saga's row, the first of the writes, was not as it was read. */
function wasOvertaken(error: unknown, last: Answer | undefined): boolean {
  if (last?.isWritten !== true || !OutboxError.is(error, 'CONDITION_FAILED')) return false;
  const { failures } = error.facts as { failures: readonly { index: number }[] };
  return failures.some(({ index }) => index === 0);
}
