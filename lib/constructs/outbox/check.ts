import { Duration, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import { ownLimits } from '../../core/limits.ts';
import {
  checkDuration,
  checkRequiredProps,
  checkNumber,
  checkTypes,
  fail,
  checkPlace,
} from '../shared/check.ts';
import type { Destination } from './destination.ts';
import type { OutboxPropsWithDefaults } from './props.ts';

/** Bytes that a source may have: every message carries it. */
const maxSourceBytes = 256;

/** For how long an outbox keeps entries at least: the sweeper's looks at a page, with time to spare. */
export const minRetention = Duration.days(3);

/** Fails on settings that could not work. Values known only at deployment pass. */
export function checkOutbox(scope: IConstruct, settings: OutboxPropsWithDefaults): void {
  checkSource(scope, settings.source);
  checkNumber(scope, {
    name: 'shardCount',
    value: settings.shardCount,
    min: ownLimits.minShards,
    max: ownLimits.maxShards,
  });
  checkDuration(scope, { name: 'retention', value: settings.retention, min: minRetention });
  checkNumber(scope, {
    name: 'maxDeliveryAttempts',
    value: settings.maxDeliveryAttempts,
    min: 1,
    max: 100,
  });
  checkRelay(scope, settings);
  checkSweeper(scope, settings);
  checkPlaces(scope, settings);
  if (settings.table !== undefined && settings.encryptionKey !== undefined) {
    fail(scope, 'encryptionKey is for a table that the outbox creates: set it on the given table');
  }
}

/** The functions call the table and the bucket at home: a name that is of another account or region is not found there. */
function checkPlaces(
  scope: IConstruct,
  { table, encryptionKey, archive }: OutboxPropsWithDefaults,
): void {
  if (table !== undefined) {
    checkPlace(scope, {
      what: `table ${table.node.path}`,
      resource: table,
      next: "give a table of this stack's account and region, and no replica: one region writes an outbox table",
    });
  }
  if (encryptionKey !== undefined) {
    checkPlace(scope, {
      what: `encryptionKey ${encryptionKey.node.path}`,
      resource: encryptionKey,
      only: 'region',
      next: 'give a key of that region',
    });
  }
  const bucket = archive === true ? undefined : archive?.bucket;
  if (bucket === undefined) return;
  checkPlace(scope, {
    what: `bucket ${bucket.node.path} of archive`,
    resource: bucket,
    only: 'region',
    next: 'give a bucket of that region',
  });
}

/** The destinations that the settings name, checked one by one and against each other. */
export function checkDestinations(
  scope: IConstruct,
  settings: OutboxPropsWithDefaults,
): readonly Destination[] {
  const { destination, destinations } = settings;
  if (destinations === undefined) {
    checkRequiredProps(scope, settings, {
      destination: 'give one such as Destination.eventBus(bus)',
    });
  }
  const all = destinations ?? [destination].filter((one) => one !== undefined);
  if (destination !== undefined && destinations !== undefined) {
    fail(scope, 'give either destination or destinations, not both');
  }
  checkNumber(scope, {
    name: 'the number of destinations',
    value: all.length,
    min: 1,
    max: ownLimits.maxDestinations,
  });
  checkNames(
    scope,
    all.map(({ config }) => config.name),
  );
  for (const { config } of all) checkTypes(scope, `types of ${config.name}`, config.types);
  const ordered = all.find(({ config }) => config.ordered);
  if (ordered !== undefined) checkOrder(scope, ordered.config.name, settings);
  return all;
}

/** What would let an aggregate's events overtake each other on their way to a destination that keeps order. */
function checkOrder(scope: IConstruct, name: string, settings: OutboxPropsWithDefaults): void {
  const { relayParallelizationFactor, relayRetryAttempts, relayMaxRecordAge } = settings;
  const because = `since ${name} keeps order`;
  if (relayParallelizationFactor !== 1) {
    fail(
      scope,
      `relayParallelizationFactor must be 1 ${because}, got ${relayParallelizationFactor}`,
    );
  }
  if (relayRetryAttempts !== undefined && relayRetryAttempts < 10) {
    fail(
      scope,
      `relayRetryAttempts must be 10 or more ${because}, got ${relayRetryAttempts}: later events overtake a discarded batch`,
    );
  }
  if (relayMaxRecordAge.toMinutes() < 60) {
    fail(
      scope,
      `relayMaxRecordAge must be an hour or more ${because}, got ${relayMaxRecordAge.toHumanString()}: later events overtake a discarded batch`,
    );
  }
}

function checkNames(scope: IConstruct, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    fail(scope, `two destinations are named ${twice}: give one of them another name`);
  }
  const max = ownLimits.maxDestinationNameBytes;
  const unfit = names.find((name) => !/^[!-~]+$/.test(name) || name.length > max);
  if (unfit !== undefined) {
    fail(
      scope,
      `the name of a destination must be 1 to ${max} ASCII characters without spaces, got ${JSON.stringify(unfit)}: give it a name`,
    );
  }
}

function checkSource(scope: IConstruct, source: string): void {
  if (Token.isUnresolved(source)) return;
  if (!/^[!-~]+$/.test(source) || source.length > maxSourceBytes) {
    fail(
      scope,
      `source must be 1 to ${maxSourceBytes} ASCII characters without spaces, got ${JSON.stringify(source)}`,
    );
  }
  if (source.startsWith('aws.')) {
    fail(scope, `source must not start with aws., which is kept for AWS, got ${source}`);
  }
}

function checkRelay(scope: IConstruct, settings: OutboxPropsWithDefaults): void {
  const numbers = [
    ['relayMemorySize', 128, 10_240],
    ['relayBatchSize', 1, 10_000],
    ['relayParallelizationFactor', 1, 10],
    ['relayRetryAttempts', 0, 10_000],
  ] as const;
  for (const [name, min, max] of numbers) {
    const value = settings[name];
    if (value !== undefined) checkNumber(scope, { name, value, min, max });
  }
  const durations = [
    // It keeps 15 seconds back for what is under way at the end.
    ['relayTimeout', Duration.seconds(30), Duration.minutes(15)],
    ['relayMaxBatchingWindow', Duration.seconds(0), Duration.minutes(5)],
    // The stream keeps a record for 24 hours: an hour of it is left to read discarded batches.
    ['relayMaxRecordAge', Duration.minutes(1), Duration.hours(23)],
  ] as const;
  for (const [name, min, max] of durations) {
    const value = settings[name];
    if (value !== undefined) checkDuration(scope, { name, value, min, max });
  }
}

function checkSweeper(scope: IConstruct, settings: OutboxPropsWithDefaults): void {
  checkNumber(scope, {
    name: 'sweeperMemorySize',
    value: settings.sweeperMemorySize,
    min: 128,
    max: 10_240,
  });
  checkDuration(scope, {
    name: 'sweeperTimeout',
    value: settings.sweeperTimeout,
    // It keeps a part of its time back for what is under way at the end.
    min: Duration.minutes(1),
    max: Duration.minutes(15),
  });
}
