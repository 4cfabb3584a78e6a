import type { Clock } from '../../lib/core/ports.ts';
import type { Transactor } from '../../lib/dynamodb/actions.ts';

/** A clock that everybody sleeps by, and that moves on when all who do anything wait for it. */
export interface PacedClock extends Clock {
  /** The answer of `work`. Whoever sleeps for the shortest time wakes next. */
  run<T>(work: Promise<T>): Promise<T>;
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

export function createPacedClock(startMs: number): PacedClock {
  let now = startMs;
  let sleepers: Sleeper[] = [];
  return {
    now: () => now,
    sleep: (ms) =>
      new Promise((wake) => {
        sleepers.push({ until: now + ms, wake: wake });
      }),
    run: async (work) => {
      const state = { isDone: false };
      const done = work.finally(() => {
        state.isDone = true;
      });
      while (!state.isDone) {
        // Whoever can go on without the clock has done so by then.
        await new Promise(setImmediate);
        const [next, ...others] = sleepers.toSorted((a, b) => a.until - b.until);
        sleepers = others;
        now = next?.until ?? now;
        next?.wake();
      }
      return done;
    },
  };
}

/** A database whose calls take their time. Half of a write's passes before it happens, half after. */
export function paced<Database extends Transactor>(
  transactor: Database,
  clock: Clock,
  calls: { get: number; transact: number },
): Database {
  return {
    ...transactor,
    get: async (...call) => {
      calls.get += 1;
      await clock.sleep(4);
      return transactor.get(...call);
    },
    transact: async (...call) => {
      calls.transact += 1;
      await clock.sleep(5);
      const result = await transactor.transact(...call);
      await clock.sleep(5);
      return result;
    },
  };
}
