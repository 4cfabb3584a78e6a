import { Option } from 'commander';

import { OutboxError } from '../core/errors.ts';
import { findAggregate, type AggregateTrail } from '../operate/find-aggregate.ts';
import {
  findEvent,
  findWaitingRow,
  isGone,
  readReference,
  withArchived,
  type EventTrail,
} from '../operate/find-event.ts';
import type { AuditNote } from '../table/audit.ts';
import type { Entry } from '../table/entry.ts';
import { pageOf, timeOfId } from '../table/keys.ts';
import type { Receipt } from '../table/receipt.ts';
import { isInvalidRow, summaryOf, type Waiting } from '../table/waiting.ts';
import { exitCodes, type CommandSpec, type ExitCode } from './command.ts';
import { viewOf, type CliContext } from './context.ts';
import { archiveOption, hint, quoted, toMoment, type CommonOptions } from './options.ts';
import { openArchiveOf, openSession, type Session } from './session.ts';
import { duration, moment, printJson, relative } from './view/format.ts';
import { renderFacts, renderTable, type View } from './view/table.ts';
import { referenceOf, renderWaiting } from './view/waiting.ts';

interface ShowOptions {
  readonly data?: true;
  readonly since: number;
  readonly archive?: string;
}

const dayMs = 24 * 3_600_000;

/** All that is known of one event, of one aggregate, or of a row that is no valid entry. */
export const show: CommandSpec<ShowOptions> = {
  name: 'show',
  takes: '<event-or-aggregate>',
  summary: 'all that is known of an event, or of an aggregate',
  details:
    'An event is found by its key, which follows from its id; one that has expired in the archive, if there is one. The history of an aggregate is read page by page, the last day unless --since says otherwise.',
  options: (now) => [
    new Option('--data', 'with the payload'),
    new Option('--since <time>', 'history of an aggregate from then on')
      .argParser(toMoment(now))
      .default(now - dayMs, 'a day ago'),
    archiveOption(),
  ],
  examples: [
    'outbox show 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00',
    'outbox show 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00 --data',
    'outbox show order/42 --since 3d',
  ],
  run: async ({ args: [named = ''], options }, world) => {
    const reference = readReference(named);
    if (reference === undefined) throw notReadable(named);
    const session = await openSession(options, world);
    switch (reference.kind) {
      case 'event':
        return showEvent(reference.eventId, { session, world, options });
      case 'aggregate':
        return showAggregate(reference.aggregate, { session, world, options });
      case 'row':
        return showRow(reference.key, { session, world, options });
    }
  },
};

interface Context {
  readonly session: Session;
  readonly world: CliContext;
  readonly options: ShowOptions & CommonOptions;
}

async function showEvent(eventId: string, { session, world, options }: Context): Promise<ExitCode> {
  const { store, retentionMs } = session;
  const now = world.clock.now();
  const found = await findEvent(eventId, store, now);
  const archive = isGone(found) ? await openArchiveOf(session, options.archive) : undefined;
  const trail = archive === undefined ? found : await withArchived(found, archive);
  if (trail.status === 'unknown' && trail.audit.length + trail.receipts.length === 0) {
    const neither = archive === undefined ? '' : ', and it is not in the archive';
    world.terminal.note(
      `outbox: the table holds no event ${eventId}, or not any more: entries are kept for ${duration(retentionMs)}${neither}\n`,
    );
    return exitCodes.failed;
  }
  print({ world, options }, trail, () => renderEvent(trail, viewOf(world), options.data === true));
  sayNextStep(trail.waiting, { world, options });
  return exitCodes.fine;
}

async function showAggregate(
  aggregate: string,
  { session, world, options }: Context,
): Promise<ExitCode> {
  const now = world.clock.now();
  const { since } = options;
  const trail = await findAggregate(aggregate, session.store, {
    since,
    until: now + 1,
    shardCounts: session.shardCounts,
  });
  print({ world, options }, trail, () =>
    renderAggregate(trail, { ...viewOf(world), since, withData: options.data === true }),
  );
  return exitCodes.fine;
}

async function showRow(
  key: { pk: string; sk: string },
  { session, world, options }: Context,
): Promise<ExitCode> {
  const waiting = await findWaitingRow(key, session.store);
  if (waiting === undefined) {
    world.terminal.note(`outbox: no row ${key.pk}/${key.sk} waits\n`);
    return exitCodes.failed;
  }
  print({ world, options }, waiting, () => {
    const facts = renderFacts(waitingFacts(waiting, world.clock.now()), world.terminal.width);
    const json = 'json' in waiting.entry ? waiting.entry.json : undefined;
    return options.data === true ? `${facts}\n\n${renderData(json)}` : facts;
  });
  sayNextStep(waiting, { world, options });
  return exitCodes.fine;
}

function sayNextStep(
  waiting: Waiting | undefined,
  { world, options }: Pick<Context, 'world' | 'options'>,
): void {
  if (waiting === undefined || options.json === true) return;
  world.terminal.note(`\n${nextStep(waiting, options)}\n`);
}

function print(
  { world, options }: Pick<Context, 'world' | 'options'>,
  value: unknown,
  render: () => string,
): void {
  if (options.json !== true) world.terminal.write(`${render()}\n`);
  else printJson(world.terminal, options.data === true ? value : withoutData(value));
}

function notReadable(named: string): OutboxError {
  return new OutboxError(
    'OPTION_INVALID',
    `${named} is neither an event id (a UUIDv7) nor an aggregate (type/id, as order/42)`,
    { details: { named } },
  );
}

/** What a person can do about what waits, and what to type for it. */
function nextStep(waiting: Waiting, options: CommonOptions): string {
  const name = quoted(referenceOf(summaryOf(waiting)));
  const redrive = hint(`outbox redrive ${name}`, options);
  const discard = hint(`outbox discard ${name} --reason '…'`, options);
  const { entry, state, discard: discarding } = waiting;
  if (isInvalidRow(entry)) return `It can only be discarded:\n  ${discard}`;
  if (discarding !== undefined) {
    const finish = hint(`outbox discard ${name} --no-skip-notice --reason '…'`, options);
    return `It is being discarded: its skip notice is delivered when its destination takes it.\nIf the destination is gone for good, finish without the notice:\n  ${finish}`;
  }
  switch (state) {
    case 'parked':
      return `Fix the cause, then redrive it:\n  ${redrive}\nOr discard it:\n  ${discard}`;
    case 'retrying':
      return `The sweeper retries it when it is due. To retry now:\n  ${redrive}`;
    case 'held':
      return `It is delivered when the earlier events of its aggregate are delivered or discarded:\n  ${hint(`outbox show ${quoted(entry.aggregate)}`, options)}`;
    case 'deferred':
      return 'It is delivered when it is due.';
  }
}

/** All that is known of an event, for a person. Its data only where `withData` says so. */
function renderEvent(trail: EventTrail, { now, width }: View, withData: boolean): string {
  const { eventId, entry, invalid, waiting, receipts, audit } = trail;
  const blocks = [
    `Event ${eventId}: ${trail.status}`,
    entry === undefined ? invalidLine(invalid?.key) : renderFacts(entryFacts(entry, now), width),
    waiting === undefined ? '' : renderFacts(waitingFacts(waiting, now), width),
    renderReceipts(receipts),
    renderArchived(trail),
    renderAudit(audit, width),
    withData ? renderData(entry?.data ?? invalid?.json) : '',
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function renderReceipts(receipts: readonly Receipt[]): string {
  if (receipts.length === 0) return '';
  return renderTable(
    ['receipt', 'written'],
    receipts.map(({ outcome, time }) => [outcome, moment(time)]),
  );
}

function renderArchived({ archived }: EventTrail): string {
  if (archived === undefined) return '';
  const { outcome, outcomeAt } = archived;
  const said = outcome === 'unknown' ? 'no receipt was known' : outcome;
  return renderFacts([
    ['in the archive', outcomeAt === undefined ? said : `${said} ${moment(outcomeAt)}`],
  ]);
}

/** A payload, indented. What cannot be read as JSON stays as it is. */
export function renderData(json: string | undefined): string {
  if (json === undefined) return '';
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2);
  } catch {
    return json;
  }
}

/** Facts of what waits, one by one. */
function waitingFacts(waiting: Waiting, now: number): [string, string][] {
  const {
    state,
    dueAt,
    attempts,
    recentAttempts,
    missing,
    error,
    firstTriedAt,
    discard: discarding,
  } = waiting;
  const facts: [string, string | undefined][] = [
    ['waits', discarding === undefined ? state : `discarding (${state})`],
    [state === 'parked' ? 'since' : 'due', `${moment(dueAt)} (${relative(dueAt, now)})`],
    ['attempts', String(attempts)],
    ['first tried', momentIfAny(firstTriedAt)],
    ['recent attempts', recentAttempts?.map(({ at, code }) => `${moment(at)}  ${code}`).join('\n')],
    ['missing at', missing?.join(', ')],
    ['error', error && `${error.code}: ${error.message}`],
    [
      'discarded',
      discarding && `${moment(discarding.at)} by ${discarding.by}: ${discarding.reason}`,
    ],
  ];
  return facts.filter((fact): fact is [string, string] => isSaid(fact[1]));
}

function entryFacts(entry: Entry, now: number): [string, string][] {
  const at = timeOfId(entry.id);
  const facts: [string, string | undefined][] = [
    ['type', `${entry.type}, version ${entry.version}`],
    ['aggregate', entry.aggregate],
    ['sequence', entry.sequence?.toString()],
    ['written', `${moment(at)} (${relative(at, now)}), page ${pageOf(at)}`],
    ['correlation', entry.correlationId],
    ['causation', entry.causationId],
    ['traceparent', entry.traceparent],
    ['tenant', entry.tenant],
    ['data', `${Buffer.byteLength(entry.data)} bytes`],
  ];
  return facts.filter((fact): fact is [string, string] => isSaid(fact[1]));
}

function invalidLine(key: { pk: string; sk: string } | undefined): string {
  return key === undefined ? '' : `The row ${key.pk} / ${key.sk} is no valid entry.`;
}

function momentIfAny(at: number | undefined): string | undefined {
  return at === undefined ? undefined : moment(at);
}

function isSaid(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

export interface AggregateView extends View {
  /** From when on its history was read, epoch milliseconds. */
  readonly since: number;
  readonly withData: boolean;
}

/** All that is known of an aggregate, for a person. */
function renderAggregate(
  trail: AggregateTrail,
  { now, width, since, withData }: AggregateView,
): string {
  const { aggregate, lastSequence, history, waiting, audit } = trail;
  const last = lastSequence === undefined ? '' : `, last sequence given out ${lastSequence}`;
  const blocks = [
    `Aggregate ${aggregate}${last}`,
    history.length === 0
      ? `No events since ${moment(since)}; --since looks further back.`
      : renderHistory(trail, width),
    waiting.length === 0 ? '' : renderWaiting(waiting.map(summaryOf), { now, width }),
    renderAudit(audit, width),
    withData ? renderPayloads(trail) : '',
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function renderHistory({ history }: AggregateTrail, width: number | undefined): string {
  return renderTable(
    ['event', 'type', 'sequence', 'written', 'receipt'],
    history.map(({ entry, outcome }) => [
      entry.id,
      entry.type,
      entry.sequence?.toString() ?? '',
      moment(timeOfId(entry.id)),
      outcome ?? 'none',
    ]),
    width,
  );
}

function renderPayloads({ history }: AggregateTrail): string {
  return history.map(({ entry }) => `${entry.id}\n${renderData(entry.data)}`).join('\n\n');
}

/** The audit log, one action a line; empty if there is none. */
export function renderAudit(notes: readonly AuditNote[], width: number | undefined): string {
  if (notes.length === 0) return '';
  return renderTable(
    ['done', 'when', 'by', 'reason'],
    notes.map(({ action, at, by, reason: why }) => [action, moment(at), by, why]),
    width,
  );
}

/** A value for a script with the payloads left out: what is called `data`, and rows as `json`, at any depth. */
function withoutData(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, inner: unknown) =>
      name === 'data' || name === 'json' ? undefined : inner,
    ),
  );
}
