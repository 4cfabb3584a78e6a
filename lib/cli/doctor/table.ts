import { isDeepStrictEqual } from 'node:util';

import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type TableDescription,
  type TimeToLiveDescription,
} from '@aws-sdk/client-dynamodb';

import { newEntriesPattern } from '../../table/entry.ts';
import { table as names } from '../../table/keys.ts';
import { waitingIndexAttributes } from '../../table/waiting.ts';
import { isOfTable, triggersOf, type Trigger } from '../aws/functions.ts';
import type { Session } from '../session.ts';
import { ok, orUnknown, orWell, problem, warning, type Finding } from './finding.ts';

const tableResource = 'table';
const redeploy = 'deploy the stack of the Outbox again, or undo what was changed by hand';

/** The table is as an outbox needs it: its stream, its expiry, its index, its key. */
export async function checkTable({ place, clients }: Session): Promise<Finding[]> {
  const request = { TableName: place.tableName };
  const findings = await Promise.all([
    orUnknown(tableResource, async () => {
      const { Table = {} } = await clients.dynamodb.send(new DescribeTableCommand(request));
      return judgeTable(Table);
    }),
    orUnknown(tableResource, async () => {
      const { TimeToLiveDescription: expiry = {} } = await clients.dynamodb.send(
        new DescribeTimeToLiveCommand(request),
      );
      return judgeExpiry(expiry, place.tableName);
    }),
  ]);
  return orWell(findings.flat(), tableResource, 'stream, expiry and index are as they should be');
}

export function judgeTable(table: TableDescription): Finding[] {
  return [...judgeStream(table), ...judgeIndex(table), ...judgeKey(table)];
}

function judgeStream({ StreamSpecification: stream }: TableDescription): Finding[] {
  if (stream?.StreamEnabled !== true) {
    return [problem(tableResource, 'its stream is off: only the sweeper delivers', redeploy)];
  }
  const view = stream.StreamViewType ?? 'none';
  if (view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES') return [];
  return [
    problem(
      tableResource,
      `its stream carries ${view}, not NEW_IMAGE: the relay sees no entry`,
      redeploy,
    ),
  ];
}

export function judgeExpiry(
  { TimeToLiveStatus, AttributeName }: TimeToLiveDescription,
  tableName: string,
): Finding[] {
  const isOn = TimeToLiveStatus === 'ENABLED' || TimeToLiveStatus === 'ENABLING';
  if (isOn && AttributeName === names.expiresAt) return [];
  const is = isOn ? `on ${AttributeName ?? 'nothing'}` : 'off';
  return [
    problem(
      tableResource,
      `expiry is ${is}, not on ${names.expiresAt}: it grows for ever`,
      `aws dynamodb update-time-to-live --table-name ${tableName} --time-to-live-specification Enabled=true,AttributeName=${names.expiresAt}`,
    ),
  ];
}

function judgeIndex({ GlobalSecondaryIndexes: indexes = [] }: TableDescription): Finding[] {
  const index = indexes.find(({ IndexName }) => IndexName === names.waitingIndex);
  if (index === undefined) {
    return [
      problem(
        tableResource,
        `it has no index ${names.waitingIndex}: nothing that waits is found`,
        redeploy,
      ),
    ];
  }
  const { ProjectionType, NonKeyAttributes = [] } = index.Projection ?? {};
  const missing = waitingIndexAttributes.filter((name) => !NonKeyAttributes.includes(name));
  if (ProjectionType === 'ALL' || missing.length === 0) return [];
  return [
    problem(tableResource, `its index ${names.waitingIndex} lacks ${missing.join(', ')}`, redeploy),
  ];
}

function judgeKey({ SSEDescription: encryption }: TableDescription): Finding[] {
  if (encryption?.InaccessibleEncryptionDateTime === undefined) return [];
  return [
    problem(
      tableResource,
      `DynamoDB cannot use its key ${encryption.KMSMasterKeyArn ?? ''} since ${encryption.InaccessibleEncryptionDateTime.toISOString()}: the table is archived after seven days of it`,
      'enable the key again, or cancel its deletion',
    ),
  ];
}

const triggerResource = 'trigger';
const redeployTrigger = 'undo what was changed by hand, or deploy the stack of the Outbox again';

/** The stream invokes the relay, from its beginning, with the entries and nothing else. */
export async function checkTrigger({ place, clients }: Session): Promise<Finding[]> {
  if (place.relay === undefined) {
    return [
      problem(
        triggerResource,
        'no relay was found',
        'name the outbox by --stack, or deploy it again',
      ),
    ];
  }
  const triggers = await triggersOf(place.relay, clients);
  const { Table } = await clients.dynamodb.send(
    new DescribeTableCommand({ TableName: place.tableName }),
  );
  return judgeTriggers(
    triggers.filter((trigger) => isOfTable(trigger, place.tableName)),
    { relay: place.relay, stream: Table?.LatestStreamArn },
  );
}

/** What the trigger should connect. */
interface Wanted {
  readonly relay: string;
  readonly stream: string | undefined;
}

export function judgeTriggers(triggers: readonly Trigger[], wanted: Wanted): Finding[] {
  const { stream } = wanted;
  const trigger = triggers.find(({ EventSourceArn }) => EventSourceArn === stream);
  if (trigger === undefined || stream === undefined) return [noTrigger(triggers, wanted)];
  const findings = judgements.flatMap((judge) => judge(trigger) ?? []);
  const isSevere = findings.some(({ severity }) => severity === 'problem');
  return isSevere ? findings : [ok(triggerResource, `enabled, reads ${stream}`), ...findings];
}

function noTrigger(triggers: readonly Trigger[], { relay, stream }: Wanted): Finding {
  if (stream === undefined) {
    return problem(
      triggerResource,
      'the table has no stream to read: only the sweeper delivers',
      redeployTrigger,
    );
  }
  if (triggers.length > 0) {
    return problem(
      triggerResource,
      `it reads a stream that is no longer the table's, which is ${stream}: only the sweeper delivers`,
      'turning a stream off and on makes a new one: deploy the stack of the Outbox again, which replaces the trigger',
    );
  }
  return problem(
    triggerResource,
    'the relay has none: only the sweeper delivers',
    `deploy the stack of the Outbox again, or make it by hand: ${creation(relay, stream)}`,
  );
}

function creation(relay: string, stream: string): string {
  const filter = JSON.stringify({ Filters: [{ Pattern: JSON.stringify(newEntriesPattern) }] });
  return [
    'aws lambda create-event-source-mapping --starting-position TRIM_HORIZON',
    `--function-name ${relay} --event-source-arn ${stream}`,
    '--function-response-types ReportBatchItemFailures --bisect-batch-on-function-error',
    `--filter-criteria '${filter}'`,
  ].join(' ');
}

const judgements: readonly ((trigger: Trigger) => Finding | undefined)[] = [
  ({ State = 'unknown', UUID = '' }) =>
    State.startsWith('Disabl')
      ? problem(
          triggerResource,
          `it is ${State.toLowerCase()}: only the sweeper delivers`,
          `aws lambda update-event-source-mapping --uuid ${UUID} --enabled`,
        )
      : undefined,
  ({ StartingPosition }) =>
    StartingPosition === 'TRIM_HORIZON'
      ? undefined
      : problem(
          triggerResource,
          `it starts at ${StartingPosition ?? 'nowhere'}, and misses what is written before it runs`,
          redeployTrigger,
        ),
  ({ FilterCriteria }) => judgeFilter(FilterCriteria?.Filters ?? []),
  ({ FunctionResponseTypes = [] }) =>
    FunctionResponseTypes.includes('ReportBatchItemFailures')
      ? undefined
      : problem(
          triggerResource,
          'it does not read which records failed: an outage would lose what the sweeper has to find',
          redeployTrigger,
        ),
  ({ DestinationConfig }) =>
    DestinationConfig?.OnFailure?.Destination === undefined
      ? warning(
          triggerResource,
          'it has no on-failure destination: discarded batches go unnoticed',
          redeployTrigger,
        )
      : undefined,
  ({ MaximumRetryAttempts = -1 }) =>
    MaximumRetryAttempts === -1
      ? warning(
          triggerResource,
          'it repeats a failing batch without end, and what is behind it waits for a day',
          redeployTrigger,
        )
      : undefined,
  ({ LastProcessingResult = '' }) =>
    LastProcessingResult.startsWith('PROBLEM')
      ? problem(
          triggerResource,
          `it says ${LastProcessingResult}`,
          'look into the log of the relay',
        )
      : undefined,
];

function judgeFilter(
  filters: readonly { readonly Pattern?: string | undefined }[],
): Finding | undefined {
  const [filter, another] = filters;
  if (filter === undefined) {
    return warning(
      triggerResource,
      'it has no filter: the relay is paid for rows that are not its own',
      redeployTrigger,
    );
  }
  const isRight =
    another === undefined && isDeepStrictEqual(parse(filter.Pattern), newEntriesPattern);
  if (isRight) return undefined;
  return problem(
    triggerResource,
    `its filter is not the package's, and may drop entries for good: ${filters.map(({ Pattern = '' }) => Pattern).join(', ')}`,
    redeployTrigger,
  );
}

function parse(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
