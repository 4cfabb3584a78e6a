import { Option } from 'commander';

import { OutboxError } from '../../core/errors.ts';
import { definedOnly } from '../../core/collections.ts';
import { waitingStates, type WaitingSummary } from '../../table/waiting.ts';
import { countByState } from '../../operate/overview.ts';
import { select, type Selection } from '../../operate/selection.ts';
import { exitCodes, type CommandSpec } from '../command.ts';
import { hint, filterOptions, selectionOf, toNumber, type FilterOptions } from '../options.ts';
import { didYouMean } from '../names.ts';
import { openSession } from '../session.ts';
import { printJson } from '../view/format.ts';
import { referenceOf, renderCounts, renderWaiting } from '../view/waiting.ts';
import { viewOf } from '../context.ts';

interface ListOptions extends FilterOptions {
  readonly state?: string;
  readonly limit: number;
}

/** States as a person reads them: an entry that is being discarded waits in one of the others. */
const shownStates = [...waitingStates, 'discarding'] as const;

/** What is in the waiting room. */
export const ls: CommandSpec<ListOptions> = {
  name: 'ls',
  takes: '[state-or-aggregate]',
  summary: 'what waits, and why',
  details: `State is one of ${shownStates.join(', ')}. Reads the index of the waiting room, never entries.`,
  options: (now) => [
    ...filterOptions(now),
    new Option('--state <state>', 'in this state only'),
    new Option('--limit <number>', 'rows to show').argParser(toNumber(1, 1_000_000)).default(50),
  ],
  examples: [
    'outbox ls parked',
    'outbox ls parked --type order.* --error MESSAGE_TOO_LARGE',
    'outbox ls order/42',
    "outbox ls retrying --since 1h --json | jq -r '.entries[].event'",
  ],
  run: async ({ args, options }, world) => {
    const selection = toSelection(args[0], options);
    const session = await openSession(options, world);
    const found = await take(options.limit, select(session.store, selection));
    const { terminal } = world;
    if (options.json === true) {
      const entries = found.rows.map((row) => ({ event: referenceOf(row), ...row }));
      printJson(terminal, { entries, isCut: found.isCut });
    } else if (found.rows.length === 0) {
      const inAll = renderCounts(await countByState(session.store));
      terminal.note(`Nothing waits that is asked for. In all: ${inAll}\n`);
    } else {
      terminal.write(`${renderWaiting(found.rows, viewOf(world))}\n`);
      if (found.isCut) terminal.note(`There are more: --limit ${options.limit * 10}\n`);
      terminal.note(`All that is known of one: ${hint('outbox show <event>', options)}\n`);
    }
    return exitCodes.fine;
  },
};

/** What the argument and the options pick. A state and an aggregate may be typed either way. */
function toSelection(argument: string | undefined, options: ListOptions): Selection {
  const isAggregate = argument?.includes('/') === true;
  const field = isAggregate ? 'aggregate' : 'state';
  const given = [argument, options[field]].filter((one) => one !== undefined);
  if (argument !== undefined && given.length > 1) {
    throw new OutboxError(
      'OPTION_INVALID',
      `the ${field} was given twice: ${given.join(' and ')}`,
      {
        details: { given },
      },
    );
  }
  const state = isAggregate ? options.state : given[0];
  const aggregate = isAggregate ? argument : options.aggregate;
  const picked = state === undefined ? {} : selectionOfState(state);
  return selectionOf({ ...options, ...definedOnly({ aggregate }) }, picked);
}

/** Whether a word is a state, in upper or lower case. */
export function isState(text: string): boolean {
  return shownStates.some((known) => known === text.toLowerCase());
}

/** What a state that was typed picks. */
export function selectionOfState(text: string): Pick<Selection, 'states' | 'isDiscarding'> {
  const state = shownStates.find((known) => known === text.toLowerCase());
  if (state === 'discarding') return { isDiscarding: true };
  if (state !== undefined) return { states: [state] };
  throw new OutboxError(
    'OPTION_INVALID',
    `there is no state ${text}: an entry is ${shownStates.join(', ')}.${didYouMean(text, shownStates)}`,
    { details: { state: text } },
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
