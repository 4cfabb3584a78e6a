import type { ReplayNote } from '../../table/replay.ts';
import type { ReplayCount } from '../../operate/count.ts';
import type { ReplayStart } from '../../operate/run.ts';
import { count, renderTable } from '../view/table.ts';
import { moment } from '../view/time.ts';
import type { ReplayResult } from './run.ts';

/** What would be replayed, for a person to judge. */
export function describeCount(
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
export function describeUnfinished(note: ReplayNote, now: number): string {
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
export function describeStart(
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
export function describeResult(
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
