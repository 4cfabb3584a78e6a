import { setTimeout as delay } from 'node:timers/promises';

import { latestWithin } from './poll.ts';
import { isRight, linesOf, type Line } from './report.ts';
import type { Run } from './run.ts';
import type { Say } from './step.ts';
import { takeTally, type Tally } from './tally.ts';

const countEveryMs = 2_000;

/** Counts until every number is right, or the time is up. */
export function settle(run: Run, say: Say): Promise<{ tally: Tally; lines: Line[] }> {
  return latestWithin(
    150_000 + run.requests.length * 500,
    async () => {
      // Counting reads much, and a local AWS has better things to do.
      await delay(countEveryMs);
      const tally = await takeTally(run);
      const lines = linesOf(tally, run.requests);
      say(`not there yet: ${lines.filter(isNotRight).map(shortly).join('; ')}`);
      return { tally, lines };
    },
    ({ lines }) => lines.every(isRight),
  );
}

/** Why settling takes as long as it does, for whoever watches; nothing where it is quick. */
export function reasonToWait({ requests }: Pick<Run, 'requests'>): string | undefined {
  const silent = requests.filter(({ fate }) => fate === 'no answer about the payment').length;
  if (silent === 0) return undefined;
  return `
For ${silent} of the orders the provider takes the money and never answers. That ends with a deadline, a minute after
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
