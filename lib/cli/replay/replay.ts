import { Option } from 'commander';

import type { DestinationConfig } from '../../core/environment.ts';
import { definedOnly } from '../../core/pick.ts';
import type { ReplayNote, ReplayRequest } from '../../table/replay.ts';
import { countReplayable, type ReplayCount } from '../../operate/count.ts';
import type { ReplaySource } from '../../operate/pages.ts';
import { findReplay, startReplay, type ReplayPorts, type ReplayStart } from '../../operate/run.ts';
import { regionOf } from '../../delivery/destinations/client-settings.ts';
import { createPace } from '../../core/pace.ts';
import { whoIsIt } from '../aws/identity.ts';
import { openDestination } from '../aws/open-destinations.ts';
import { confirm } from '../confirm.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { terminalLog } from '../log.ts';
import {
  aggregateOption,
  archiveOption,
  rateOption,
  toMoment,
  typeOption,
  yesOption,
} from '../options.ts';
import { noteOfReplay } from './audit.ts';
import { describeCount, describeResult, describeStart, describeUnfinished } from './describe.ts';
import { commandAgain, destinationsOf, requestOf, type ReplayOptions } from './request.ts';
import { replayAll } from './run.ts';
import { checkReach, openSource } from './source.ts';
import { configOf, openClientsFor, openSession, type Session } from '../session.ts';
import { printJson } from '../view/json.ts';
import { createProgress } from '../view/progress.ts';
import type { World } from '../context.ts';
import type { CommandSpec } from '../command.ts';

/** Delivers again what was delivered before. */
export const replay: CommandSpec<ReplayOptions> = {
  name: 'replay',
  summary: 'deliver again what was delivered before',
  details: `Walks over the pages from --from to --to, each from where it is when it is read: the table, or the archive once it has expired. Its messages carry a replay id, by which inboxes handle them again, once.
What waits or is on its way is left alone. First counts what would be delivered, for which it reads all the pages.
If it breaks off, the same command with the same times continues it from the page it was at. A replay of the same events with other times or filters is refused until it is finished.`,
  options: (now) => [
    new Option('--from <time>', 'events from then on: 2026-11-21T04:00Z, or 2h for two hours ago')
      .argParser(toMoment(now))
      .makeOptionMandatory(),
    new Option('--to <time>', 'events before then').argParser(toMoment(now)).default(now, 'now'),
    typeOption(),
    aggregateOption(),
    new Option('--to-destination <name>', 'to this destination only'),
    archiveOption(),
    new Option('--again', 'even if the same was replayed before'),
    new Option('--abandon', 'end unfinished replays of the same events first'),
    new Option('--why <reason>', 'for the record').default('', 'none'),
    rateOption(200),
    yesOption(),
  ],
  examples: [
    'outbox replay --from 2026-11-21T04:00Z --to 2026-11-21T05:00Z',
    'outbox replay --from 3d --aggregate order/42',
    'outbox replay --from 2h --type order.* --to-destination queue/Warehouse/Queue --rate 50 --yes',
  ],
  run: async ({ options }, world) => {
    const request = requestOf(options);
    const session = await openSession(options, world);
    const destinations = destinationsOf(configOf(session), request.destination);
    const context = { options, session, world };
    const found = await findReplay(request, startOptionsOf(options), session.store);
    if (found.status === 'overlaps') return refuse(found, request, context);
    const source = await openSource(session, options);
    const start = found.status === 'unfinished' ? found.note.next : undefined;
    if (found.status === 'unfinished') {
      world.terminal.note(describeUnfinished(found.note, world.clock.now()));
    } else {
      await checkReach(request, source, { named: options.archive, session });
    }
    if (world.terminal.isInteractive) world.terminal.note('Counting …\n');
    const plan = await countReplayable(request, {
      source,
      destinations,
      ...definedOnly({ start }),
    });
    const isLeft = found.status === 'unfinished';
    return replayPlanned({ plan, request, source, destinations, isLeft }, context);
  },
};

interface Planned {
  readonly plan: ReplayCount;
  readonly request: ReplayRequest;
  readonly source: ReplaySource;
  readonly destinations: readonly DestinationConfig[];
  /** Whether it is the rest of an unfinished one, which is to be ended though nothing may be left of it. */
  readonly isLeft: boolean;
}

interface Context {
  readonly options: ReplayOptions;
  readonly session: Session;
  readonly world: World;
}

function startOptionsOf(options: ReplayOptions): { again: boolean; abandon: boolean } {
  return { again: options.again === true, abandon: options.abandon === true };
}

function refuse(start: ReplayStart, request: ReplayRequest, { options, world }: Context): ExitCode {
  const again = commandAgain(request, options);
  const continuing = ({ request: other = request }: ReplayNote): string =>
    commandAgain(other, options);
  world.terminal.note(describeStart(start, { again, continuing }));
  return exitCodes.needsPerson;
}

async function replayPlanned(planned: Planned, context: Context): Promise<ExitCode> {
  const { options, world } = context;
  const { terminal } = world;
  const { plan, destinations, isLeft } = planned;
  const isJson = options.json === true;
  if (!isJson) terminal.write(describeCount(plan, destinations));
  const question = isLeft
    ? `Deliver the remaining ${plan.entries} again?`
    : `Deliver ${plan.entries} again?`;
  const isMeant =
    (plan.entries > 0 || isLeft) &&
    (await confirm(question, { yes: options.yes === true, terminal }));
  if (isMeant) return replayNow(planned, context);
  if (isJson) printJson(terminal, { dryRun: true, ...plan });
  return exitCodes.fine;
}

async function replayNow(planned: Planned, context: Context): Promise<ExitCode> {
  const { options, session, world } = context;
  const { request } = planned;
  const start = await begin(planned, context);
  if (start.status === 'done before' || start.status === 'overlaps') {
    return refuse(start, request, context);
  }
  const again = commandAgain(request, options);
  world.terminal.note(describeStart(start, { again, continuing: () => again }));
  const progress = createProgress(world.terminal, 'replay', start.note.sent + planned.plan.entries);
  progress.advance(start.note.sent);
  const ports = portsOf(planned, { options, session, world });
  const result = await replayAll(request, start.note, { ports, progress });
  progress.end();
  const { replayId } = start.note;
  if (options.json === true) printJson(world.terminal, { dryRun: false, replayId, ...result });
  else world.terminal.write(describeResult(result, again));
  const isWhole =
    result.refused.length === 0 && result.stoppedBy === undefined && result.expiredPages === 0;
  return isWhole ? exitCodes.fine : exitCodes.needsPerson;
}

async function begin(
  { request }: Planned,
  { options, session, world }: Context,
): Promise<ReplayStart> {
  const by = await whoIsIt(session.clients, world);
  const { store, newId } = session;
  const now = world.clock.now();
  const start = await startReplay(
    request,
    { ...startOptionsOf(options), by },
    { store, newId, now },
  );
  if (start.status === 'new') {
    await store.noteAudit(noteOfReplay(start.note, { request, why: options.why }));
  }
  return start;
}

function portsOf(
  { source, destinations }: Planned,
  { options, session, world }: Context,
): ReplayPorts {
  const { clock, random, terminal } = world;
  return {
    source,
    destinations: destinations.map((config) => {
      const region = regionOf(config.target);
      const isNamed = region.region !== undefined;
      const clients = isNamed ? openClientsFor({ ...options, ...region }, world) : session.clients;
      return openDestination(config, clients);
    }),
    messageSource: configOf(session).source,
    clock,
    random,
    log: terminalLog(terminal),
    pace: createPace(options.rate, clock),
  };
}
