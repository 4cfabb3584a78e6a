import type { IConstruct } from 'constructs';

import type { TypeFilter } from '../../core/event-types.ts';
import type { ConsumerConfig } from '../../table/reconciliation.ts';
import { fail } from '../shared/check.ts';
import { definedOnly } from '../shared/defaults.ts';
import { isTopic } from '../inbox/inbox-origin.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Outbox } from '../outbox/outbox.ts';

/**
 * What a reconciliation must know of an inbox that an outbox delivers to: where it is, and which of the
 * outbox's events reach it. Fails on an inbox that takes none of them.
 */
export function consumerOf(scope: IConstruct, outbox: Outbox, inbox: Inbox): ConsumerConfig {
  const { inboxName, table, queue, events, source, isOrdered } = inbox;
  if (source !== undefined && source !== outbox.source) {
    fail(
      scope,
      `inbox ${inbox.node.path} takes events of the source ${source} only, and the outbox's is ${outbox.source}: leave it out`,
    );
  }
  return {
    ...{ inbox: inboxName, tableName: table.tableName, queueUrl: queue.queueUrl },
    ...definedOnly({ sent: sentTypes(outbox, inbox), types: events }),
    ...(isOrdered ? { isOrdered } : {}),
  };
}

/**
 * The types that the outbox delivers to where the inbox has its messages from; `undefined` for every type, also
 * where they come by a way that is not known here, such as from one bus to another.
 */
function sentTypes({ destinations }: Outbox, inbox: Inbox): TypeFilter | undefined {
  const origins = originsOf(inbox);
  const filters = destinations
    .filter(({ config }) => origins.includes(config.target))
    .map(({ config }) => config.types);
  if (filters.length === 0) return undefined;
  return filters.flatMap((types) => types ?? ['*']);
}

/** What a destination that feeds the inbox has as its target: its queue, or what the queue is subscribed to. */
function originsOf({ queue, from }: Inbox): string[] {
  if (from === undefined) return [queue.queueUrl];
  return [queue.queueUrl, isTopic(from) ? from.topicArn : from.eventBusRef.eventBusArn];
}
