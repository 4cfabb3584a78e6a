import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';

import type { DestinationConfig } from '../../core/environment.ts';
import { timeOfId } from '../../table/keys.ts';
import { limits } from '../../core/limits.ts';
import { definedOnly, pickDefined } from '../../core/collections.ts';
import { utf8Bytes } from '../../core/redact.ts';
import type { Clock } from '../../core/ports.ts';
import { systemClock } from '../../core/system.ts';
import type { DestinationAdapter, Outgoing, Reply } from '../destination.ts';
import { clientSettings, growingTimeout, regionOf, xRayHeaderOf } from './client.ts';

/**
 * An event bus. It keeps no order, and delivers at least once.
 *
 * It accepts an event that no rule matches, and drops it: that an entry was published does not mean
 * that anyone received it.
 */
export function createEventBusDestination(
  config: DestinationConfig,
  client: Pick<EventBridgeClient, 'send'>,
  ports: { readonly clock: Pick<Clock, 'now'> } = { clock: systemClock },
): DestinationAdapter {
  const withTimeout = growingTimeout(ports);
  return {
    ...pickDefined(config, ['name', 'types']),
    kind: 'bus',
    ordered: false,
    maxEntriesPerCall: limits.eventBus.maxEntries,
    maxBytesPerCall: limits.eventBus.maxRequestBytes,
    sizeOf,
    send: async (outgoing, { maxMs }) => {
      const entries = outgoing.map((one) => toRequestEntry(one, config.target));
      const command = new PutEventsCommand({ Entries: entries });
      const answer = await withTimeout(maxMs, (options) => client.send(command, options));
      return outgoing.map((_, index) => toReply(answer.Entries?.[index]));
    },
  };
}

/** An event bus with a client of its own. */
export function openEventBus(config: DestinationConfig): DestinationAdapter {
  return createEventBusDestination(
    config,
    new EventBridgeClient({ ...clientSettings, ...regionOf(config.target) }),
  );
}

/**
 * The trace header, of 500 characters at most, joins what targets do to the trace of the write. It is passed on to
 * them; one that X-Ray refuses is dropped, and the event is not.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
 */
function toRequestEntry({ entry, source, json }: Outgoing, bus: string): PutEventsRequestEntry {
  return {
    EventBusName: bus,
    Source: source,
    DetailType: entry.type,
    Detail: json,
    Time: new Date(timeOfId(entry.id)),
    ...definedOnly({ TraceHeader: xRayHeaderOf(entry.traceparent) }),
  };
}

const timeBytes = 14;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size */
function sizeOf({ entry, source, json }: Outgoing): number {
  return timeBytes + utf8Bytes(source) + utf8Bytes(entry.type) + utf8Bytes(json);
}

/** Results come in the order of the request. Only an id of the bus's own says that it has the event. */
function toReply(result: PutEventsResultEntry | undefined): Reply | undefined {
  if (result?.ErrorCode !== undefined) {
    return { status: 'refused', code: result.ErrorCode, message: result.ErrorMessage ?? '' };
  }
  return result?.EventId === undefined ? undefined : { status: 'accepted' };
}
