import { setTimeout as delay } from 'node:timers/promises';

import { latestOf } from './poll.ts';
import { isRight, linesOf, type Line } from './report.ts';
import type { Run } from './run.ts';
import type { Say } from './step.ts';
import { takeTally, type Tally } from './tally.ts';

const countEveryMs = 2_000;

/** The counts, and each number with its expected value. */
interface Counted {
  readonly tally: Tally;
  readonly lines: readonly Line[];
}

/**
 * Counts until every number is right, `moreLines` included, or until the numbers have not changed for five minutes.
 * How long that takes is up to the machine.
 */
export function settle(
  run: Run,
  say: Say,
  moreLines: () => Promise<readonly Line[]>,
): Promise<Counted> {
  return latestOf(
    async () => {
      // Counting reads much, and a local AWS has better things to do.
      await delay(countEveryMs);
      const tally = await takeTally(run);
      const lines = [...linesOf(tally, run.requests), ...(await moreLines())];
      say(`not there yet: ${lines.filter(isNotRight).map(shortly).join('; ')}`);
      return { tally, lines };
    },
    ({ lines }) => lines.every(isRight),
  );
}

/** Explains why settling takes long; `undefined` if it is quick. */
export function reasonToWait({ requests }: Pick<Run, 'requests'>): string | undefined {
  const silent = requests.filter(({ fate }) => fate === 'no answer about the payment').length;
  if (silent === 0) return undefined;
  return `
For ${silent} of the orders the provider takes the money and never answers. That ends with a deadline, half a minute after
they were placed: the money is given back. Until then payment asks again, each minute. So the next step
takes one to two minutes.
`;
}

function isNotRight(line: Line): boolean {
  return !isRight(line);
}

function shortly({ label, found, expected }: Line): string {
  return `${label} ${found} of ${expected}`;
}
