import { timeOfId } from '../table/keys.ts';
import { summaryOf } from '../table/waiting-summary.ts';
import type { AggregateTrail } from '../operate/find-aggregate.ts';
import { renderTable, type View } from './view/table.ts';
import { moment } from './view/time.ts';
import { renderWaiting } from './view/waiting.ts';
import { renderAudit } from './render-audit.ts';
import { renderData } from './render-event.ts';

export interface AggregateView extends View {
  /** From when on its history was read, epoch milliseconds. */
  readonly since: number;
  readonly withData: boolean;
}

/** All that is known of an aggregate, for a person. */
export function renderAggregate(
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
