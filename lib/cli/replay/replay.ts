import { Option } from 'commander';

import { definedOnly } from '../../core/collections.ts';
import { createPace } from '../../core/concurrency.ts';
import type { DestinationConfig } from '../../core/environment.ts';
import { regionOf } from '../../delivery/destinations/client.ts';
import type { ReplaySource } from '../../operate/replay-pages.ts';
import type { RefusedEntry } from '../../operate/replay-send.ts';
import {
  countReplayable,
  findReplay,
  runReplay,
  startReplay,
  type ReplayCount,
  type ReplayPorts,
  type ReplayStart,
} from '../../operate/replay.ts';
import type { AuditNote } from '../../table/audit.ts';
import type { Page } from '../../table/keys.ts';
import type { ReplayNote, ReplayRequest } from '../../table/replay.ts';
import type { DeliveryError } from '../../table/waiting.ts';
import { openDestination } from '../aws/find.ts';
import { callerIdentity } from '../aws/functions.ts';
import { exitCodes, type CommandSpec, type ExitCode } from '../command.ts';
import type { CliContext } from '../context.ts';
import {
  aggregateOption,
  archiveOption,
  rateOption,
  toMoment,
  typeOption,
  yesOption,
} from '../options.ts';
import { configOf, openClientsFor, openSession, type Session } from '../session.ts';
import { confirm, terminalLog } from '../terminal.ts';
import { createProgress, moment, printJson, type Progress } from '../view/format.ts';
import { count, renderTable } from '../view/table.ts';
import {
  checkReach,
  commandAgain,
  destinationsOf,
  openSource,
  replayRequestOf,
  type ReplayOptions,
} from './source.ts';

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
    new Option('--reason <reason>', 'recorded in the audit log').default('', 'none'),
    rateOption(200),
    yesOption(),
  ],
  examples: [
    'outbox replay --from 2026-11-21T04:00Z --to 2026-11-21T05:00Z',
    'outbox replay --from 3d --aggregate order/42',
    'outbox replay --from 2h --type order.* --to-destination queue/Warehouse/Queue --rate 50 --yes',
  ],
  run: async ({ options }, world) => {
    const request = replayRequestOf(options);
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
  readonly world: CliContext;
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
  const by = await callerIdentity(session.clients, world);
  const { store, newId } = session;
  const now = world.clock.now();
  const start = await startReplay(
    request,
    { ...startOptionsOf(options), by },
    { store, newId, now },
  );
  if (start.status === 'new') {
    await store.noteAudit(noteOfReplay(start.note, { request, reason: options.reason }));
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

/** The note of a replay on the record: of its aggregate, or of the outbox as a whole. */
function noteOfReplay(
  { replayId, by, startedAt }: ReplayNote,
  { request, reason }: { request: ReplayRequest; reason: string },
): AuditNote {
  const { from, to, types, aggregate, destination } = request;
  const what = [
    `${moment(from)} to ${moment(to)}`,
    ...(types === undefined ? [] : [types.join(' ')]),
    ...(destination === undefined ? [] : [`to ${destination}`]),
    ...(reason === '' ? [] : [reason]),
  ];
  const text = what.join(', ');
  return {
    id: replayId,
    action: 'replay',
    at: startedAt,
    by,
    reason: text,
    ...definedOnly({ aggregate }),
  };
}

/** What would be replayed, for a person to judge. */
function describeCount(
  { entries, pages, skipNotices, byType }: ReplayCount,
  destinations: readonly { readonly name: string }[],
): string {
  const names = destinations.map(({ name }) => name).join(', ');
  const notices = skipNotices === 0 ? '' : `, ${count(skipNotices, 'skip notice')} among them`;
  const summary = `${count(entries, 'entry', 'entries')} of ${count(pages, 'page')}${notices}, to ${names}\n`;
  return entries === 0
    ? `Nothing to replay: ${summary}What waits, is on its way, or is asked for by no destination is left out.\n`
    : `${renderTable(['type', 'entries'], Object.entries(byType))}\n\n${summary}`;
}

/** That a replay is not finished, before it is resumed. */
function describeUnfinished(note: ReplayNote, now: number): string {
  return `Replay ${note.replayId}, begun ${moment(note.startedAt)} by ${note.by}, is not finished: it is at page ${note.next}, with ${count(note.sent, 'entry', 'entries')} delivered.${heardOf(note, now)} This continues it.\n`;
}

/** A run that made progress a moment ago may still be at work. */
const maybeRunningMs = 5 * 60_000;

function heardOf({ notedAt = 0 }: ReplayNote, now: number): string {
  return now - notedAt > maybeRunningMs
    ? ''
    : ` Its last progress was ${Math.max(0, Math.round((now - notedAt) / 1000))} s ago: if it still runs, it stops there.`;
}

/** Whether it begins, is resumed, was done before or may not begin; `again` is the command of the same request. */
function describeStart(
  start: ReplayStart,
  { again, continuing }: { again: string; continuing: (note: ReplayNote) => string },
): string {
  switch (start.status) {
    case 'new':
      return `Replay ${start.note.replayId}. If it breaks off, this continues it:\n  ${again}\n`;
    case 'resumed': {
      const { replayId, by, startedAt, next } = start.note;
      return `Continues replay ${replayId}, which ${by} began ${moment(startedAt)}, at page ${next}\n`;
    }
    case 'done before': {
      const { replayId, by, startedAt, expiredPages = 0 } = start.note;
      const left =
        expiredPages === 0
          ? ''
          : ` ${count(expiredPages, 'page')} had expired before it read them.`;
      return `The same was replayed ${moment(startedAt)} by ${by}, as ${replayId}.${left} Add --again to replay it once more.\n`;
    }
    case 'overlaps':
      return start.others.map((note) => describeOther(note, continuing(note))).join('');
  }
}

function describeOther({ replayId, by, startedAt, next }: ReplayNote, command: string): string {
  return `Replay ${replayId}, begun ${moment(startedAt)} by ${by}, is not finished and delivers some of the same events. It is at page ${next}. Two replays of one aggregate at once would mix. Continue it:
  ${command}
or add --abandon to end it and to replay this in its place.
`;
}

/** What was replayed. */
function describeResult(
  { sent, refused, expiredPages, stoppedBy }: ReplayResult,
  again: string,
): string {
  const lines = [
    `replayed: ${count(sent, 'entry', 'entries')}`,
    ...refused
      .slice(0, 20)
      .map(
        ({ eventId, error }) =>
          `refused: ${eventId} by ${error.destination ?? ''}, ${error.code}: ${error.message}`,
      ),
    ...(refused.length > 20 ? [`… ${refused.length} refused in all`] : []),
    ...(expiredPages === 0
      ? []
      : [
          `expired: ${count(expiredPages, 'page')} passed the retention before this replay read them. What the table still held of them was delivered, the rest cannot be. Set archive on the Outbox construct to keep pages for longer.`,
        ]),
    ...describeStop(stoppedBy, again),
  ];
  return `${lines.join('\n')}\n`;
}

function describeStop(stoppedBy: ReplayResult['stoppedBy'], again: string): string[] {
  if (stoppedBy === undefined) return [];
  const { page, error } = stoppedBy;
  if (error === 'taken over') {
    return [`stopped at page ${page}: another run continues this replay, or abandoned it`];
  }
  return [
    `stopped at page ${page}: ${error.code} of ${error.destination ?? ''}, ${error.message}`,
    `This continues it from there: ${again}`,
  ];
}

/** What a run of a replay came to. */
interface ReplayResult {
  readonly sent: number;
  /** What a destination will never take. */
  readonly refused: readonly RefusedEntry[];
  /** Pages that had expired before they were read. */
  readonly expiredPages: number;
  /** Where and why it ended before its end. */
  readonly stoppedBy?: { readonly page: Page; readonly error: DeliveryError | 'taken over' };
}

/** Runs a replay to its end, or to where it cannot go on. */
async function replayAll(
  request: ReplayRequest,
  note: ReplayNote,
  { ports, progress }: { ports: ReplayPorts; progress: Progress },
): Promise<ReplayResult> {
  let sent = 0;
  let expiredPages = 0;
  const refused: RefusedEntry[] = [];
  for await (const page of runReplay(request, note, ports)) {
    sent += page.sent;
    refused.push(...page.refused);
    expiredPages += page.isExpired ? 1 : 0;
    progress.advance(page.sent);
    if (page.stoppedBy === undefined) continue;
    return { sent, refused, expiredPages, stoppedBy: { page: page.page, error: page.stoppedBy } };
  }
  return { sent, refused, expiredPages };
}
