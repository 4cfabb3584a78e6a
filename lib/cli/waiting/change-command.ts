import { OutboxError } from '../../core/errors.ts';
import type { WaitingSummary } from '../../table/waiting-summary.ts';
import { changeEach, type Change } from '../../operate/change.ts';
import { countByState } from '../../operate/overview.ts';
import { createPace } from '../../core/pace.ts';
import { isState, selectionOfState } from './ls.ts';
import { confirm } from '../confirm.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { hint } from '../hint.ts';
import { isFiltered, selectionOf, type CommonOptions, type FilterOptions } from '../options.ts';
import type { Session } from '../session.ts';
import { printJson } from '../view/json.ts';
import { createProgress } from '../view/progress.ts';
import { renderCounts } from '../view/waiting.ts';
import { viewOf, type World } from '../context.ts';
import { describePlan, describeTally } from './describe.ts';
import { namedRows, selectRows, type Rows } from './rows.ts';
import { emptyTally, addTo, type Tally } from './tally.ts';

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
  { session, world }: { session: Session; world: World },
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
  readonly world: World;
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
  { options, world }: { options: ChangeOptions; world: World },
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
  return new OutboxError('OPTION_INVALID', message, { facts: {} });
}
