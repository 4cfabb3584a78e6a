import { toDimensions, type Dimensions } from '../core/metrics.ts';
import type { TypeFilter } from '../core/event-types.ts';
import { OutboxError } from '../core/errors.ts';
import { metaKey, type Key } from './keys.ts';
import { reader, type Environment } from '../core/environment.ts';

/**
 * What a reconciliation does about what it finds: `report` only reports; `repair` also writes missing events, and sends
 * events again to the queue of an inbox that does not know them.
 */
export type ReconciliationMode = 'report' | 'repair';

const reconciliationModes: readonly ReconciliationMode[] = ['report', 'repair'];

/**
 * How far back a reconciliation may look: an outbox keeps its entries for three days at least, and inboxes remember
 * for longer, so nothing is missed that was merely forgotten.
 */
export const maxWindowMs = 2 * 24 * 60 * 60 * 1000;

/** How far back a run may begin to finish what an earlier one left: within the three days, with time to read. */
export const maxLookbackMs = maxWindowMs + 18 * 60 * 60 * 1000;

/** The row of the outbox's table by which one run of a reconciliation repairs at a time, and which records what is left. */
export function reconciliationLeaseKey(name: string): Key {
  return metaKey(`reconciliation#${name}`);
}

/** The row of the outbox's table that says that a missing event was written, by a hash of what was expected. */
export function repairKey(name: string, hash: string): Key {
  return metaKey(`reconciliation#${name}#repaired#${hash}`);
}

/** The `causationId` of events that a reconciliation wrote: its rows speak for them, not the entries. */
export function repairCause(name: string): string {
  return `reconciliation/${name}`;
}

/** What a reconciliation must know of the outbox and of its consumers. */
export interface ReconciliationConfig {
  /** Tells its metrics and its lease from those of others. */
  readonly name: string;
  /** The outbox's. */
  readonly tableName: string;
  readonly shards: number;
  readonly source: string;
  /** How far back it looks. */
  readonly windowMs: number;
  readonly mode: ReconciliationMode;
  readonly consumers: readonly ConsumerConfig[];
}

/** An inbox that events are delivered to. */
export interface ConsumerConfig {
  readonly inbox: string;
  /** The inbox's. */
  readonly tableName: string;
  readonly queueUrl: string;
  /**
   * The types that the outbox sends its way.
   *
   * @default - every type
   */
  readonly sent?: TypeFilter;
  /**
   * The types that it takes of them.
   *
   * @default - every type
   */
  readonly types?: TypeFilter;
  /** Whether it takes events by their sequence: those without one have no place in it, and leave no trace. */
  readonly isOrdered?: boolean;
}

/** The dimensions of a reconciliation's metrics: its name, and the table of its outbox. */
export function reconciliationDimensions(config: { name: string; tableName: string }): Dimensions {
  return toDimensions({ reconciliation: config.name, outbox: config.tableName });
}

/** What each run of a reconciliation measures, zero included. */
export const reconciliationMetrics = {
  /** Business items whose event is not there. */
  missing: 'MissingEvents',
  /** Events that were delivered, by inbox that does not know them. */
  unknown: 'UnknownDeliveries',
} as const;

export function reconciliationToEnvironment(
  config: ReconciliationConfig,
  stringify: (value: unknown) => string,
): Record<string, string> {
  const { consumers } = config;
  return {
    RECONCILIATION_NAME: config.name,
    RECONCILIATION_TABLE: config.tableName,
    RECONCILIATION_SHARDS: String(config.shards),
    RECONCILIATION_SOURCE: config.source,
    RECONCILIATION_WINDOW_MS: String(config.windowMs),
    RECONCILIATION_MODE: config.mode,
    ...(consumers.length === 0 ? {} : { RECONCILIATION_CONSUMERS: stringify(consumers) }),
  };
}

/** @throws OutboxError `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID` */
export function reconciliationFromEnvironment(environment: Environment): ReconciliationConfig {
  const read = reader(environment, nextStep);
  const hasConsumers = environment['RECONCILIATION_CONSUMERS'] !== undefined;
  return {
    name: read.text('RECONCILIATION_NAME'),
    tableName: read.text('RECONCILIATION_TABLE'),
    shards: read.number('RECONCILIATION_SHARDS'),
    source: read.text('RECONCILIATION_SOURCE'),
    windowMs: read.number('RECONCILIATION_WINDOW_MS'),
    mode: readMode(read.text('RECONCILIATION_MODE')),
    consumers: hasConsumers ? read.list<ConsumerConfig>('RECONCILIATION_CONSUMERS') : [],
  };
}

const nextStep = 'pass the function to a Reconciliation construct as its handler, which sets it';

function readMode(text: string): ReconciliationMode {
  const mode = reconciliationModes.find((known) => known === text);
  if (mode !== undefined) return mode;
  throw new OutboxError(
    'ENVIRONMENT_INVALID',
    `environment variable RECONCILIATION_MODE must be ${reconciliationModes.join(' or ')}, got ${JSON.stringify(text)}: ${nextStep}`,
    { details: { variable: 'RECONCILIATION_MODE' } },
  );
}
