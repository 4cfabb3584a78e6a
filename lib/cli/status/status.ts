import { Option } from 'commander';

import { pageStart } from '../../table/keys.ts';
import type { Looked } from '../aws/failure.ts';
import { exitCodes, type CommandSpec, type ExitCode } from '../command.ts';
import type { CliContext } from '../context.ts';
import { isJustDeployed, sweeperQuietMs } from '../doctor/schedules.ts';
import { queueCells, queueHead } from '../inbox/render.ts';
import { hint, toNumber, type CommonOptions } from '../options.ts';
import { patiently } from '../patience.ts';
import { openSession, type Session } from '../session.ts';
import { duration, moment, relative, formatJson } from '../view/format.ts';
import { count, renderFacts, renderTable, remainingWidth, wrapText } from '../view/table.ts';
import { renderCounts } from '../view/waiting.ts';
import { lookAtStatus, type StatusFacts, type TriggerFacts, type WatchedQueue } from './facts.ts';

interface StatusOptions {
  readonly watch?: true;
  readonly every: number;
}

/** How an outbox is doing; the exit code says whether action is required. */
export const status: CommandSpec<StatusOptions> = {
  name: 'status',
  summary: 'how the outbox is doing, and what requires action',
  details:
    'Reads the pages that are not settled yet, usually those of the last three minutes, and counts the waiting room in its index.',
  options: () => [
    new Option('--watch', 'go on until Ctrl-C'),
    new Option('--every <seconds>', 'how often to look, with --watch')
      .argParser(toNumber(1, 3600))
      .default(5),
  ],
  examples: [
    'outbox status',
    'outbox status --stack Shop --watch',
    'outbox status --json | jq .concerns',
  ],
  run: async ({ options }, world) => {
    const session = await openSession(options, world);
    const look = (): Promise<Report> => lookAndRender(session, options, world.terminal.width);
    if (options.watch === true) return watch(look, options.every * 1000, world);
    const { text, code } = await look();
    world.terminal.write(text);
    return code;
  },
};

/** What is to be written, and what it says to a script. */
interface Report {
  readonly text: string;
  readonly code: ExitCode;
}

async function watch(
  look: () => Promise<Report>,
  everyMs: number,
  world: CliContext,
): Promise<ExitCode> {
  const { terminal, clock, stop } = world;
  for (;;) {
    const { text, code } = await patiently(look, world);
    if (terminal.isInteractive) terminal.clearScreen();
    terminal.write(text);
    await clock.sleep(everyMs);
    if (stop.aborted) return code;
  }
}

async function lookAndRender(
  session: Session,
  options: StatusOptions & CommonOptions,
  width: number | undefined,
): Promise<Report> {
  const facts = await lookAtStatus(session);
  const concerns = concernsOf(facts).map(({ what, command }) => ({
    what,
    command: hint(command, options),
  }));
  const text =
    options.json === true
      ? formatJson({ ...facts, concerns })
      : `${renderStatus(facts, concerns, width)}\n`;
  return { text, code: exitCodeOf(facts, concerns) };
}

function exitCodeOf({ trigger, queues }: StatusFacts, concerns: readonly Concern[]): ExitCode {
  if (concerns.length > 0) return exitCodes.needsPerson;
  const isAllSeen = trigger.status === 'seen' && queues.status === 'seen';
  return isAllSeen ? exitCodes.fine : exitCodes.failed;
}

/** The status for a person. */
export function renderStatus(
  facts: StatusFacts,
  concerns: readonly Concern[],
  width?: number,
): string {
  const { outbox, at } = facts;
  const blocks = [
    `Outbox ${outbox.name}, ${moment(at)}`,
    renderFacts(
      [
        ['table', outbox.table],
        ...unseenStack(outbox.stackUnseen),
        ['in flight', inFlight(facts)],
        ['relay', orWhyNot(facts.trigger, describeTrigger) + lag(facts)],
        ['sweeper', describeSweeper(facts, width)],
        ['waiting room', waiting(facts)],
        ['queues', orWhyNot(facts.queues, (queues) => queueLines(queues))],
        ...inboxRows(facts, width),
      ],
      width,
    ),
    verdict(concerns, width),
  ];
  return blocks.join('\n\n');
}

function unseenStack(why: string | undefined): [string, string][] {
  return why === undefined ? [] : [['stack', `unknown, and so are its inboxes: ${why}`]];
}

function inboxRows({ inboxes: seen }: StatusFacts, width: number | undefined): [string, string][] {
  if (seen.status === 'unseen') return [['inboxes', `unknown: ${seen.why}`]];
  if (seen.value.length === 0) return [];
  const rows = seen.value.map(({ name, ...queue }) => [name, ...queueCells(queue)]);
  const room = remainingWidth('waiting room'.length, width);
  return [['inboxes', renderTable(['inbox', ...queueHead], rows, room)]];
}

function inFlight({ inFlight: { entries, oldestPage, pagesLeftOut }, at }: StatusFacts): string {
  const oldest =
    oldestPage === undefined ? '' : `, the oldest of ${relative(pageStart(oldestPage), at)}`;
  const leftOut = pagesLeftOut === 0 ? '' : ` (${count(pagesLeftOut, 'page')} not counted)`;
  return `${count(entries, 'entry', 'entries')}${oldest}${leftOut}`;
}

function describeTrigger({ state, lastResult }: TriggerFacts): string {
  return `trigger ${state.toLowerCase()}${lastResult === undefined ? '' : `: ${lastResult}`}`;
}

function lag({ lag: noted, at }: StatusFacts): string {
  return noted === undefined ? '' : `; behind by what was written ${relative(noted.oldestAt, at)}`;
}

function describeSweeper(
  { sweeps, at, deployedAt }: StatusFacts,
  width: number | undefined,
): string {
  const [last] = sweeps;
  if (last === undefined) {
    return deployedAt === undefined
      ? 'has never run'
      : `has never run, deployed ${relative(deployedAt, at)}`;
  }
  const table = renderTable(
    ['started', 'took', 'due', 'missed', 'closing', 'pages', 'ended'],
    sweeps.map(({ startedAt, endedAt, due, missed, closing, pages, ended }) => [
      relative(startedAt, at),
      `${endedAt - startedAt} ms`,
      due,
      missed,
      closing,
      pages,
      ended,
    ]),
    remainingWidth('waiting room'.length, width),
  );
  return `ran ${relative(last.endedAt, at)}\n${table}`;
}

function waiting({ waiting: counts, parkedSince, at }: StatusFacts): string {
  const since = parkedSince === undefined ? '' : `, the first ${relative(parkedSince, at)}`;
  return `${renderCounts(counts)}${since}`;
}

function queueLines(queues: readonly WatchedQueue[]): string {
  const lines = queues.map(
    ({ name, messages, isGone }) => `${name} ${isGone === true ? 'is gone' : messages}`,
  );
  return lines.join('\n') || 'none known';
}

function verdict(concerns: readonly Concern[], width: number | undefined): string {
  if (concerns.length === 0) return 'No action required.';
  // A command stays on one line: it is to be pasted.
  const lines = concerns.map(
    ({ what, command }) => `${wrapText(`  ${what}`, width, '  ')}\n    → ${command}`,
  );
  return `Action required:\n${lines.join('\n')}`;
}

function orWhyNot<T>(looked: Looked<T>, render: (value: T) => string): string {
  return looked.status === 'seen' ? render(looked.value) : `unknown: ${looked.why}`;
}

/** Something that requires action, and the first command to run. */
interface Concern {
  readonly what: string;
  readonly command: string;
}

/** An entry without a receipt for so long was missed by the relay and by the sweeper. */
const unsettledTooLongMs = 5 * 60_000;

/** The facts that require action, the most severe first. */
export function concernsOf(facts: StatusFacts): Concern[] {
  return [
    ...parked(facts),
    ...triggerConcerns(facts),
    ...sweeperConcerns(facts),
    ...unsettled(facts),
    ...queues(facts),
    ...inboxes(facts),
  ];
}

function parked({ waiting }: StatusFacts): Concern[] {
  if (waiting.parked === 0) return [];
  return [
    {
      what: `${count(waiting.parked, 'entry is', 'entries are')} parked`,
      command: 'outbox ls parked',
    },
  ];
}

function triggerConcerns({ trigger: seen }: StatusFacts): Concern[] {
  if (seen.status === 'unseen') return [];
  const { state, lastResult = '' } = seen.value;
  if (state === 'Missing') {
    return [
      { what: 'the relay has no trigger: only the sweeper delivers', command: 'outbox doctor' },
    ];
  }
  if (!['Enabled', 'Enabling', 'Updating', 'Creating'].includes(state)) {
    return [
      {
        what: `the relay’s trigger is ${state.toLowerCase()}: only the sweeper delivers`,
        command: 'outbox doctor',
      },
    ];
  }
  if (!lastResult.startsWith('PROBLEM')) return [];
  return [{ what: `the relay’s trigger says: ${lastResult}`, command: 'outbox doctor' }];
}

function sweeperConcerns({ sweeps, at, deployedAt }: StatusFacts): Concern[] {
  const [last] = sweeps;
  const isQuiet = last === undefined || at - last.endedAt > sweeperQuietMs;
  if (isQuiet && isJustDeployed(deployedAt, at)) return [];
  if (last === undefined) return [{ what: 'the sweeper has never run', command: 'outbox doctor' }];
  const quietMs = at - last.endedAt;
  if (quietMs > sweeperQuietMs) {
    return [{ what: `the sweeper has not run for ${duration(quietMs)}`, command: 'outbox doctor' }];
  }
  if (last.ended === 'failed' || last.ended === 'outage') {
    const what =
      last.ended === 'failed' ? 'the last sweep failed' : 'the last sweep reached no destination';
    return [{ what, command: 'outbox sweep' }];
  }
  return [];
}

function unsettled({ inFlight, lag, at }: StatusFacts): Concern[] {
  if (inFlight.oldestPage === undefined) return [];
  const ageMs = at - pageStart(inFlight.oldestPage);
  if (ageMs <= unsettledTooLongMs) return [];
  const why =
    lag === undefined
      ? ''
      : `; the relay is ${duration(at - lag.oldestAt)} behind, and catching up`;
  return [
    { what: `entries of ${duration(ageMs)} ago are not settled${why}`, command: 'outbox doctor' },
  ];
}

/** A message that waits for so long is more than a burst: its inbox stands still, or is too slow. */
const waitsTooLongMs = 15 * 60_000;

function inboxes({ inboxes: seen }: StatusFacts): Concern[] {
  if (seen.status === 'unseen') return [];
  return seen.value.flatMap(({ name, mapping, messages, oldestMs = 0 }) => {
    const isStopped = mapping === 'Missing' || mapping.startsWith('Disabl');
    const isLate = (messages ?? 0) > 0 && oldestMs > waitsTooLongMs;
    if (!isStopped && !isLate) return [];
    const facts = [
      isStopped ? `its event source mapping is ${mapping.toLowerCase()}` : '',
      messages === undefined ? '' : `${count(messages, 'message')} in its queue`,
      isLate ? `the oldest for ${duration(oldestMs)}` : '',
    ];
    const what = `inbox ${name}: ${facts.filter((fact) => fact !== '').join(', ')}`;
    return [{ what, command: 'outbox doctor' }];
  });
}

function queues({ queues: seen }: StatusFacts): Concern[] {
  if (seen.status === 'unseen') return [];
  return seen.value
    .filter(({ messages, isGone }) => messages > 0 || isGone === true)
    .map(({ messages, isGone, holds, name, command }) => ({
      what:
        isGone === true
          ? `there is no queue ${name}: ${holds}`
          : `${count(messages, 'message')} in ${name}: ${holds}`,
      command,
    }));
}
