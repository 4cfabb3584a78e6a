import { Option } from 'commander';

import { OutboxError } from '../core/errors.ts';
import type { Waiting } from '../table/waiting.ts';
import { findAggregate } from '../operate/find-aggregate.ts';
import { isGone, withArchived } from '../operate/find-archived.ts';
import { findEvent } from '../operate/find-event.ts';
import { findWaitingRow } from '../operate/find-waiting.ts';
import { readReference } from '../operate/reference.ts';
import { openArchiveOf } from './open-archive.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { archiveOption, toMoment, type CommonOptions } from './options.ts';
import { openSession, type Session } from './session.ts';
import { nextStep } from './next-step.ts';
import { renderAggregate } from './render-aggregate.ts';
import { renderData, renderEvent, waitingFacts } from './render-event.ts';
import { withoutData } from './without-data.ts';
import { printJson } from './view/json.ts';
import { renderFacts } from './view/table.ts';
import { duration } from './view/time.ts';
import { viewOf, type World } from './context.ts';
import type { CommandSpec } from './command.ts';

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
  readonly world: World;
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
    { facts: { named } },
  );
}
