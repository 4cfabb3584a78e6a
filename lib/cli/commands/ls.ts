import { Option } from 'commander';

import { OutboxError } from '../../contract/error.ts';
import { waitingStates, type WaitingState } from '../../contract/waiting.ts';
import type { WaitingSummary } from '../../contract/waiting-summary.ts';
import { countByState } from '../../relay/operate/overview.ts';
import { select } from '../../relay/operate/selection.ts';
import { exitCodes } from '../exit-codes.ts';
import { hint } from '../hint.ts';
import { didYouMean } from '../nearest.ts';
import { filterOptions, selectionOf, toNumber, type FilterOptions } from '../options.ts';
import { openSession } from '../session.ts';
import { printJson } from '../view/json.ts';
import { referenceOf, renderCounts, renderWaiting } from '../view/waiting.ts';
import type { CommandSpec } from './command.ts';

interface ListOptions extends FilterOptions {
  readonly limit: number;
}

/** What is in the waiting room. */
export const ls: CommandSpec<ListOptions> = {
  name: 'ls',
  takes: '[state]',
  summary: 'what waits, and why',
  details: `State is one of ${waitingStates.join(', ')}. Reads the index of the waiting room, never entries.`,
  options: (now) => [
    ...filterOptions(now),
    new Option('--limit <number>', 'rows to show').argParser(toNumber(1, 1_000_000)).default(50),
  ],
  examples: [
    'outbox ls parked',
    'outbox ls parked --type order.* --error MESSAGE_TOO_LARGE',
    'outbox ls --aggregate order/42',
    "outbox ls retrying --since 1h --json | jq -r '.entries[].event'",
  ],
  run: async ({ args, options }, world) => {
    const states = args[0] === undefined ? undefined : [toState(args[0])];
    const session = await openSession(options, world);
    const found = await take(options.limit, select(session.store, selectionOf(options, states)));
    const { terminal, clock } = world;
    if (options.json === true) {
      const entries = found.rows.map((row) => ({ event: referenceOf(row), ...row }));
      printJson(terminal, { entries, isCut: found.isCut });
    } else if (found.rows.length === 0) {
      const inAll = renderCounts(await countByState(session.store));
      terminal.note(`Nothing waits that is asked for. In all: ${inAll}\n`);
    } else {
      terminal.write(`${renderWaiting(found.rows, clock.now())}\n`);
      if (found.isCut) terminal.note(`There are more: --limit ${options.limit * 10}\n`);
      terminal.note(`All that is known of one: ${hint('outbox show <event>', options)}\n`);
    }
    return exitCodes.fine;
  },
};

/** Reads a state that was typed. */
export function toState(text: string): WaitingState {
  const state = waitingStates.find((known) => known === text.toLowerCase());
  if (state !== undefined) return state;
  throw new OutboxError(
    'OPTION_INVALID',
    `there is no state ${text}: an entry is ${waitingStates.join(', ')}.${didYouMean(text, waitingStates)}`,
    { facts: { state: text } },
  );
}

async function take(
  limit: number,
  rows: AsyncIterable<WaitingSummary>,
): Promise<{ rows: WaitingSummary[]; isCut: boolean }> {
  const taken: WaitingSummary[] = [];
  for await (const row of rows) {
    if (taken.length === limit) return { rows: taken, isCut: true };
    taken.push(row);
  }
  return { rows: taken, isCut: false };
}
