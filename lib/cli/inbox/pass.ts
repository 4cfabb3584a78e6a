import { isUnplaced, pass, type PassPorts, type Standing } from '../../inbox/ordered/operate.ts';
import type { Clients } from '../aws/clients.ts';
import { whoIsIt } from '../aws/identity.ts';
import { confirm } from '../confirm.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { CommonOptions } from '../options.ts';
import { printJson } from '../view/json.ts';
import { count, renderTable } from '../view/table.ts';
import type { World } from '../context.ts';

/** What every command that ends gaps takes. */
export interface PassOptions extends CommonOptions {
  readonly why: string;
  readonly yes?: true;
}

/** What is done about which aggregates of an inbox. */
export interface PassTask {
  readonly verb: 'skip' | 'adopt';
  readonly inbox: string;
  readonly standings: readonly Standing[];
}

interface Context {
  readonly options: PassOptions;
  readonly ports: PassPorts;
  readonly clients: Clients;
  readonly world: World;
}

/** Shows what would be passed over, and does it where somebody says so. */
export async function passOver(task: PassTask, context: Context): Promise<ExitCode> {
  const { options, world } = context;
  const { terminal } = world;
  const plan = task.standings.filter((standing) => isMeant(task, standing));
  const isJson = options.json === true;
  if (!isJson) terminal.write(describe(task, plan, terminal.width));
  const question = `${task.verb} ${plan.length}?`;
  const isConfirmed =
    plan.length > 0 && (await confirm(question, { yes: options.yes === true, terminal }));
  const changed = isConfirmed ? await passAll(task, plan, context) : [];
  const left = task.standings.length - plan.length;
  const done = isConfirmed ? plan.length - changed.length : 0;
  if (isJson) {
    printJson(terminal, {
      dryRun: !isConfirmed,
      inbox: task.inbox,
      found: plan.length,
      done,
      changed,
    });
  } else if (isConfirmed) terminal.write(describeDone(task, done, changed));
  return left + changed.length === 0 ? exitCodes.fine : exitCodes.needsPerson;
}

/** A place is adopted where there is none yet, and skipped from where there is one. */
function isMeant({ verb }: PassTask, standing: Standing): boolean {
  if (standing.inTheWay === undefined) return false;
  return isUnplaced(standing) === (verb === 'adopt');
}

/** Answers with the aggregates that somebody else moved meanwhile: those are left alone. */
async function passAll(
  { verb }: PassTask,
  plan: readonly Standing[],
  { options, ports, clients, world }: Context,
): Promise<string[]> {
  const by = await whoIsIt(clients, world);
  const changed: string[] = [];
  for (const standing of plan) {
    const at = world.clock.now();
    const { aggregate } = standing;
    const note = { id: world.newId(at), action: verb, at, by, why: options.why, aggregate };
    if ((await pass(standing, note, ports)) === 'changed') changed.push(aggregate);
  }
  return changed;
}

const rowsShown = 20;

function describe(task: PassTask, plan: readonly Standing[], width: number | undefined): string {
  const alone = task.standings
    .filter((standing) => !isMeant(task, standing))
    .map((standing) => `Left alone: ${standing.aggregate}, ${whyNot(standing)}\n`)
    .slice(0, rowsShown);
  if (plan.length === 0) return `Nothing to ${task.verb}.\n${alone.join('')}`;
  const rows = plan
    .slice(0, rowsShown)
    .map(({ aggregate, inTheWay, lowest }) => [
      aggregate,
      `${inTheWay?.from ?? ''} to ${inTheWay?.to ?? ''}`,
      String(lowest?.sequence ?? ''),
    ]);
  const more = plan.length > rowsShown ? `… ${count(plan.length, 'aggregate')} in all\n` : '';
  const table = renderTable(['aggregate', 'passed over', 'waits'], rows, width);
  return `${table}\n${more}${alone.join('')}`;
}

function whyNot(standing: Standing): string {
  if (standing.inTheWay === undefined) return 'nothing of it waits';
  return isUnplaced(standing)
    ? 'it has no beginning yet: outbox inbox adopt'
    : 'it is in the middle of its history: outbox inbox skip';
}

function describeDone({ verb }: PassTask, done: number, changed: readonly string[]): string {
  const moved = changed.map((name) => `moved on meanwhile, and left alone: ${name}\n`);
  return `${verb}: ${count(done, 'aggregate')}\n${moved.join('')}`;
}
