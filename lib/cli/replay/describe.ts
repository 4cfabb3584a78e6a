import type { ReplayCount } from '../../relay/operate/replay/count.ts';
import type { ReplayStart } from '../../relay/operate/replay/run.ts';
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

/** Whether it begins, goes on, or was done before; `again` is the command that asks for the same. */
export function describeStart({ status, note }: ReplayStart, again: string): string {
  const when = moment(note.startedAt);
  switch (status) {
    case 'new':
      return `Replay ${note.replayId}. If it breaks off, this goes on with it:\n  ${again}\n`;
    case 'resumed':
      return `Goes on with replay ${note.replayId}, which ${note.by} began ${when}, at page ${note.next}\n`;
    case 'done before':
      return `The same was replayed ${when} by ${note.by}, as ${note.replayId}: --again does it once more\n`;
  }
}

/** What was replayed. */
export function describeResult({ sent, refused, stoppedBy }: ReplayResult, again: string): string {
  const lines = [
    `replayed: ${count(sent, 'entry', 'entries')}`,
    ...refused
      .slice(0, 20)
      .map(
        ({ eventId, error }) =>
          `refused: ${eventId} by ${error.destination ?? ''}, ${error.code}: ${error.message}`,
      ),
    ...(refused.length > 20 ? [`… ${refused.length} refused in all`] : []),
    ...(stoppedBy === undefined
      ? []
      : [
          `stopped at page ${stoppedBy.page}: ${stoppedBy.error.code} of ${stoppedBy.error.destination ?? ''}, ${stoppedBy.error.message}`,
          `This goes on from there: ${again}`,
        ]),
  ];
  return `${lines.join('\n')}\n`;
}
