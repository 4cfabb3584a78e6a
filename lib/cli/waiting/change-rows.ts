import { groupBy } from '../../core/collections.ts';
import { createPace } from '../../core/concurrency.ts';
import { OutboxError } from '../../core/errors.ts';
import { changeEach, type Change, type ChangedRow } from '../../operate/change.ts';
import {
  findEvent,
  findWaitingRow,
  readReference,
  type EventStatus,
} from '../../operate/find-event.ts';
import { countByState } from '../../operate/overview.ts';
import { select, type Selection } from '../../operate/selection.ts';
import type { Entry } from '../../table/entry.ts';
import { timeOfId } from '../../table/keys.ts';
import { summaryOf, type Waiting, type WaitingSummary } from '../../table/waiting.ts';
import { exitCodes, type ExitCode } from '../command.ts';
import { viewOf, type CliContext } from '../context.ts';
import {
  hint,
  isFiltered,
  selectionOf,
  type CommonOptions,
  type FilterOptions,
} from '../options.ts';
import { commandFor } from '../replay/source.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal.ts';
import { createProgress, printJson } from '../view/format.ts';
import { count, printable, renderTable, type View } from '../view/table.ts';
import { referenceOf, renderCounts, renderWaiting } from '../view/waiting.ts';
import { isState, selectionOfState } from './ls.ts';

/** What every command that changes what waits takes. */
export interface ChangeOptions extends FilterOptions, CommonOptions {
  readonly all?: true;
  readonly state?: string;
  readonly rate: number;
  readonly yes?: true;
}

/** What differs between such commands. */
export interface ChangeCommand {
  /** The command, and what it does to one row. */
  readonly verb: 'redrive' | 'discard';
  /** Why it cannot be done to a row; such rows are told of, and left alone. */
  readonly whyNot: (row: WaitingSummary) => string | undefined;
  /** Asked for when it is sure that it is to be done. */
  readonly prepare: () => Promise<Change>;
  /** What comes of it, and the command that sees to that at once. */
  readonly then?: { readonly what: string; readonly command: string };
}

/** Shows what would be done, and does it where somebody says so. */
export async function changeRows(
  command: ChangeCommand,
  { names, options }: { names: readonly string[]; options: ChangeOptions },
  { session, world }: { session: Session; world: CliContext },
): Promise<ExitCode> {
  const found = await gatherRows(command, { names, options }, session);
  const { plan, hindrances } = sortOut(found, command);
  const context = { command, options, session, world };
  const isJson = options.json === true;
  if (!isJson) await showPlan({ plan, hindrances }, context);
  const isMeant = plan.length > 0 && (await isConfirmed(command, plan, { options, world }));
  const tally = isMeant ? await run(plan, await command.prepare(), context) : emptyTally;
  if (isJson)
    printJson(world.terminal, { dryRun: !isMeant, found: plan.length, hindrances, ...tally });
  else if (isMeant) showTally(tally, context);
  const isAllDone = hindrances.length + tally.changed + tally.refused.length === 0;
  return isAllDone ? exitCodes.fine : exitCodes.needsPerson;
}

interface Context {
  readonly command: ChangeCommand;
  readonly options: ChangeOptions;
  readonly session: Session;
  readonly world: CliContext;
}

async function showPlan(
  { plan, hindrances }: { plan: readonly WaitingSummary[]; hindrances: readonly string[] },
  { command, session, world }: Context,
): Promise<void> {
  const { terminal } = world;
  terminal.write(describePlan(command.verb, { plan, hindrances }, viewOf(world)));
  if (plan.length + hindrances.length > 0) return;
  terminal.note(`In the waiting room: ${renderCounts(await countByState(session.store))}\n`);
}

function showTally(tally: Tally, { command, options, world: { terminal } }: Context): void {
  terminal.write(describeTally(command.verb, tally));
  if (tally.done === 0 || command.then === undefined) return;
  terminal.note(`${command.then.what}: ${hint(command.then.command, options)}\n`);
}

async function gatherRows(
  { verb }: ChangeCommand,
  { names, options }: { names: readonly string[]; options: ChangeOptions },
  session: Session,
): Promise<Rows> {
  const states = [options.state, ...names.filter((name) => isState(name))].filter(
    (state) => state !== undefined,
  );
  const others = names.filter((name) => !isState(name));
  const [state, another] = states;
  if (another !== undefined) throw unclear(`${verb} takes one state, not ${states.join(' and ')}`);
  const isAsked = options.all === true || state !== undefined || isFiltered(options);
  if (others.length > 0 && isAsked) throw unclear(`${verb} takes names or a filter, not both`);
  if (others.length > 0) return namedRows(others, session, options);
  if (!isAsked) throw unclear(`say what to ${verb}: event ids, an aggregate, a filter, or --all`);
  return selectRows(selectionOf(options, selectionOfState(state ?? 'parked')), session);
}

function sortOut(
  { rows, problems }: Rows,
  { whyNot }: ChangeCommand,
): { plan: WaitingSummary[]; hindrances: string[] } {
  const judged = rows.map((row) => ({ row, why: whyNot(row) }));
  return {
    plan: judged.filter(({ why }) => why === undefined).map(({ row }) => row),
    hindrances: [
      ...problems,
      ...judged.flatMap(({ row, why }) =>
        why === undefined ? [] : [`${row.id ?? row.key.sk}: ${why}`],
      ),
    ],
  };
}

function isConfirmed(
  { verb }: ChangeCommand,
  plan: readonly WaitingSummary[],
  { options, world }: { options: ChangeOptions; world: CliContext },
): Promise<boolean> {
  const question = `${verb} ${plan.length}?`;
  return confirm(question, { yes: options.yes === true, terminal: world.terminal });
}

async function run(
  plan: readonly WaitingSummary[],
  change: Change,
  { command, options, session, world }: Context,
): Promise<Tally> {
  const pace = createPace(options.rate, world.clock);
  const progress = createProgress(world.terminal, command.verb, plan.length);
  let tally = emptyTally;
  for await (const changed of changeEach(plan, change, { store: session.store, pace })) {
    tally = addTo(tally, changed);
    progress.advance(1);
  }
  progress.end();
  return tally;
}

function unclear(message: string): OutboxError {
  return new OutboxError('OPTION_INVALID', message, { details: {} });
}

const rowsShown = 20;

/** What would be done, for a person to judge. */
function describePlan(
  verb: string,
  { plan, hindrances }: { plan: readonly WaitingSummary[]; hindrances: readonly string[] },
  view: View,
): string {
  const blocks = [
    plan.length === 0 ? `Nothing to ${verb}.` : renderWaiting(plan.slice(0, rowsShown), view),
    plan.length > rowsShown
      ? `… ${count(plan.length, 'entry', 'entries')} in all:\n${kinds(plan, view.width)}`
      : '',
    problems(hindrances),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** What was done. */
function describeTally(verb: string, { done, changed, gone, refused }: Tally): string {
  const lines = [
    `${verb}: ${count(done, 'entry', 'entries')}`,
    gone === 0 ? '' : `left the waiting room meanwhile: ${gone}`,
    changed === 0
      ? ''
      : `changed by somebody else meanwhile, and left alone: ${changed}; run it again`,
    problems(refused.map(({ event, why }) => `${event}: ${why}`)),
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

function kinds(plan: readonly WaitingSummary[], width: number | undefined): string {
  const byKind = groupBy(plan, ({ type = 'no valid entry', errorCode = '' }) =>
    JSON.stringify([type, errorCode]),
  );
  const rows = [...byKind].map(([kind, { length }]) => [...(JSON.parse(kind) as string[]), length]);
  return renderTable(['type', 'error', 'entries'], rows, width);
}

function problems(texts: readonly string[]): string {
  if (texts.length === 0) return '';
  const shown = texts.slice(0, rowsShown).map((text) => `  ${printable(text)}`);
  const more = texts.length > rowsShown ? [`  … ${texts.length} in all`] : [];
  return ['Left alone:', ...shown, ...more].join('\n');
}

/** Rows that something is to be done to, and what of what was named is none. */
interface Rows {
  readonly rows: readonly WaitingSummary[];
  readonly problems: readonly string[];
}

/** The rows that a selection means, as the index has them now. */
async function selectRows(selection: Selection, { store }: Session): Promise<Rows> {
  const rows: WaitingSummary[] = [];
  for await (const row of select(store, selection)) rows.push(row);
  return { rows, problems: [] };
}

/** The rows of events, aggregates and invalid rows that were named. */
async function namedRows(
  names: readonly string[],
  session: Session,
  options: CommonOptions,
): Promise<Rows> {
  const found = await Promise.all(
    [...new Set(names)].map((name) => findRows(name, session, options)),
  );
  return {
    rows: found.flatMap(({ rows }) => rows),
    problems: found.flatMap(({ problems }) => problems),
  };
}

async function findRows(name: string, session: Session, options: CommonOptions): Promise<Rows> {
  const reference = readReference(name);
  switch (reference?.kind) {
    case 'event':
      return findRowOfEvent(reference.eventId, session, options);
    case 'aggregate':
      return selectRows(
        { aggregate: reference.aggregate, states: ['parked', 'retrying'] },
        session,
      );
    case 'row':
      return rowOrProblem(
        await findWaitingRow(reference.key, session.store),
        `${name} does not wait`,
      );
    case undefined:
      throw new OutboxError(
        'OPTION_INVALID',
        `${name} is neither an event id (a UUIDv7) nor an aggregate (type/id, as order/42): nothing was changed`,
        { details: { name } },
      );
  }
}

async function findRowOfEvent(
  eventId: string,
  { store, clock }: Session,
  options: CommonOptions,
): Promise<Rows> {
  const { waiting, status, entry } = await findEvent(eventId, store, clock.now());
  const isAgain = status === 'published' && entry !== undefined;
  const again = isAgain ? `; to deliver it again: ${hint(replayOf(entry), options)}` : '';
  return rowOrProblem(waiting, `${eventId} ${notWaiting[status]}${again}`);
}

/** The command that delivers an event again: of its aggregate, the second that it is of. */
function replayOf({ id, type, aggregate }: Entry): string {
  const from = Math.floor(timeOfId(id) / 1000) * 1000;
  return commandFor({ from, to: from + 1000, types: [type], aggregate });
}

const notWaiting: Readonly<Record<EventStatus, string>> = {
  'in flight': 'does not wait: it is on its way; the sweeper delivers it if the relay does not',
  waiting: 'waits',
  published: 'was delivered',
  discarded: 'was discarded: outbox show says by whom and why',
  settled: 'was delivered or discarded long ago',
  unknown: 'is not in the table, or not any more',
};

function rowOrProblem(waiting: Waiting | undefined, problem: string): Rows {
  return waiting === undefined
    ? { rows: [], problems: [problem] }
    : { rows: [summaryOf(waiting)], problems: [] };
}

/** What came of changing rows. */
interface Tally {
  readonly done: number;
  /** Somebody else changed them at the same time; theirs stands. */
  readonly changed: number;
  /** They had left the waiting room meanwhile. */
  readonly gone: number;
  readonly refused: readonly { readonly event: string; readonly why: string }[];
}

const emptyTally: Tally = { done: 0, changed: 0, gone: 0, refused: [] };

function addTo(tally: Tally, row: ChangedRow): Tally {
  if (row.status !== 'refused') return { ...tally, [row.status]: tally[row.status] + 1 };
  const { key, eventId: id, why } = row;
  const event = referenceOf({ key, ...(id === undefined ? {} : { id }) });
  return { ...tally, refused: [...tally.refused, { event, why }] };
}
