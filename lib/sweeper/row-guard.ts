import { keyOfWaiting, type Waiting } from '../table/waiting.ts';
import type { WaitingSummary } from '../table/waiting-summary.ts';
import type { Log } from '../core/ports.ts';
import { errorSummary } from '../core/redact.ts';

/** Failures of single rows after which a pass stops: then it is the table that fails, not its rows. */
const maxFailures = 200;

/** Settles rows one by one: what fails for one row is noted, and keeps no other from being settled. */
export interface RowGuard {
  /**
   * Does one step for a row. Returns `undefined` where it threw, which is logged with the row's key.
   *
   * @throws what the step threw, once too many steps have
   */
  attempt<T>(
    row: WaitingSummary | Waiting | undefined,
    step: () => Promise<T>,
  ): Promise<T | undefined>;
  /** Throws what the first step threw that failed; no-op if none did. */
  throwFirst(): void;
}

export function createRowGuard({ log }: { readonly log: Log }): RowGuard {
  const failures: unknown[] = [];
  return {
    attempt: async (row, step) => {
      try {
        return await step();
      } catch (thrown) {
        failures.push(thrown);
        log.error('a waiting row could not be settled', { ...keyOf(row), ...errorSummary(thrown) });
        if (failures.length > maxFailures) throw thrown;
        return undefined;
      }
    },
    throwFirst: () => {
      if (failures.length > 0) throw failures[0];
    },
  };
}

function keyOf(row: WaitingSummary | Waiting | undefined): { pk?: string; sk?: string } {
  if (row === undefined) return {};
  return { ...('key' in row ? row.key : keyOfWaiting(row.entry)) };
}
