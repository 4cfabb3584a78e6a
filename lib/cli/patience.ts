import { explainShortly, isPassing } from './aws/failure.ts';
import type { CliContext } from './context.ts';

const pauseMs = 5_000;

/** Does a part of what goes on until Ctrl-C: while AWS cannot be reached, or throttles, says so and tries again. */
export async function patiently<T>(
  work: () => Promise<T>,
  { terminal, clock, stop }: Pick<CliContext, 'terminal' | 'clock' | 'stop'>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || stop.aborted) throw error;
      terminal.note(`outbox: ${explainShortly(error)}. Tries again in ${pauseMs / 1000} s\n`);
    }
    await clock.sleep(pauseMs);
  }
}
