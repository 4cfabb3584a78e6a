import { OutboxError } from '../../core/errors.ts';
import type { Entry } from '../../table/entry.ts';
import { timeOfId } from '../../table/keys.ts';
import type { Waiting } from '../../table/waiting.ts';
import { summaryOf, type WaitingSummary } from '../../table/waiting-summary.ts';
import { findEvent, type EventStatus } from '../../operate/find-event.ts';
import { findWaitingRow } from '../../operate/find-waiting.ts';
import { readReference } from '../../operate/reference.ts';
import { select, type Selection } from '../../operate/selection.ts';
import { hint } from '../hint.ts';
import type { CommonOptions } from '../options.ts';
import { commandFor } from '../replay/request.ts';
import type { Session } from '../session.ts';

/** Rows that something is to be done to, and what of what was named is none. */
export interface Rows {
  readonly rows: readonly WaitingSummary[];
  readonly problems: readonly string[];
}

/** The rows that a selection means, as the index has them now. */
export async function selectRows(selection: Selection, { store }: Session): Promise<Rows> {
  const rows: WaitingSummary[] = [];
  for await (const row of select(store, selection)) rows.push(row);
  return { rows, problems: [] };
}

/** The rows of events, aggregates and invalid rows that were named. */
export async function namedRows(
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
        { facts: { name } },
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
  discarded: 'was given up: outbox show says by whom and why',
  settled: 'was delivered or given up, long ago',
  unknown: 'is not in the table, or not any more',
};

function rowOrProblem(waiting: Waiting | undefined, problem: string): Rows {
  return waiting === undefined
    ? { rows: [], problems: [problem] }
    : { rows: [summaryOf(waiting)], problems: [] };
}
