import { SQSClient } from '@aws-sdk/client-sqs';

import { clientTimeouts } from '../../dynamodb/client-timeouts.ts';
import type { OrderedConfig } from '../../core/environment.ts';
import { OutboxError } from '../../core/errors.ts';
import { inboxDimensions, inboxGauges } from '../../core/inbox-metrics.ts';
import { createDocumentClient } from '../../dynamodb/document-client.ts';
import type { Log } from '../../core/ports.ts';
import type { InboxSettings } from '../../outbox/settings.ts';
import { systemClock } from '../../core/system.ts';
import { createDynamoDBTransactor } from '../../dynamodb/dynamodb-transactor.ts';
import { addDimensions } from '../metrics.ts';
import { checkGaps, type CheckPorts, type GapReport } from './check-gaps.ts';
import { putBackOn } from './put-back.ts';
import { readRangeWith } from './read-range.ts';

/** Where gauges go. A Powertools `Metrics` fits; whoever owns it publishes. */
export interface GaugeSink {
  addDimension(name: string, value: string): unknown;
  addMetric(name: string, unit: 'Count' | 'Milliseconds', value: number): unknown;
}

/**
 * The check of an inbox's gaps, with clients of its own. Each run measures, zero included.
 *
 * @throws OutboxError `OPTION_INVALID` for an inbox that is not ordered; from the run, `GAPS_UNCHECKED` where gaps
 * could not be looked at, once all others were
 */
export function openGapCheck(
  settings: InboxSettings,
  { log, metrics }: { log: Log; metrics: GaugeSink },
): () => Promise<GapReport> {
  const ports = openPorts(settings, log);
  return async () => {
    const report = await checkGaps(ports);
    addDimensions(metrics, inboxDimensions(settings));
    metrics.addMetric(inboxGauges.openGaps, 'Count', report.open);
    metrics.addMetric(inboxGauges.oldestGap, 'Milliseconds', report.oldestMs);
    if (report.failed > 0) throw unchecked(settings, report);
    return report;
  };
}

function openPorts(settings: InboxSettings, log: Log): CheckPorts {
  const ordered = orderedOf(settings);
  const client = createDocumentClient();
  return {
    config: settings,
    ordered,
    transactor: createDynamoDBTransactor(client),
    readRange: readRangeWith(client),
    // By default the client calls the host in the queue's URL, which would bypass a local endpoint.
    putBack: putBackOn(
      ordered.queueUrl,
      new SQSClient({ requestHandler: clientTimeouts, useQueueUrlAsEndpoint: false }),
    ),
    clock: systemClock,
    random: Math.random,
    log,
  };
}

function orderedOf({ name, ordered }: InboxSettings): OrderedConfig {
  if (ordered !== undefined) return ordered;
  throw new OutboxError(
    'OPTION_INVALID',
    `inbox ${name} is not ordered and has no gaps: set ordered on the Inbox construct`,
    { facts: { inbox: name } },
  );
}

function unchecked({ name }: InboxSettings, { failed }: GapReport): OutboxError {
  return new OutboxError(
    'GAPS_UNCHECKED',
    `${failed} gaps of inbox ${name} could not be looked at: its log says why, the next run tries again`,
    { facts: { inbox: name, failed } },
  );
}
