import { OutboxError } from './errors.ts';
import type { TypeFilter } from './event-types.ts';

/** Turns a value into JSON; constructs pass one that understands tokens. */
export type Stringify = (value: unknown) => string;

/** What a writer must know of its outbox. */
export interface WriterConfig {
  readonly tableName: string;
  readonly shards: number;
  readonly retentionMs: number;
  /** What the destinations take: a type that none takes is refused, and so is a message too large for one. */
  readonly accepts: readonly Acceptance[];
}

/** What one destination takes. */
export interface Acceptance {
  /** @default - every type */
  readonly types?: TypeFilter;
  readonly maxMessageBytes: number;
}

export type DestinationKind = 'bus' | 'queue' | 'topic';

/** A destination as the relay knows it. */
export interface DestinationConfig {
  /** Unique in its outbox and stable: the waiting room refers to it. */
  readonly name: string;
  readonly kind: DestinationKind;
  /** Bus name or ARN, queue URL, or topic ARN. */
  readonly target: string;
  /** Whether it keeps order: a FIFO queue or topic. */
  readonly ordered: boolean;
  /** @default - every type */
  readonly types?: TypeFilter;
}

/** What the relay and the sweeper must know of their outbox. */
export interface RelayConfig {
  readonly tableName: string;
  readonly shards: number;
  readonly retentionMs: number;
  /** CloudEvents source of every message, and EventBridge's source. */
  readonly source: string;
  readonly destinations: readonly DestinationConfig[];
  readonly maxAttempts: number;
  /** Where the outbox is archived to, as `s3://bucket/prefix`. @default - it is not */
  readonly archive?: string;
  /** Path of its construct: operators name it by that. @default - not known */
  readonly path?: string;
}

/** What the archiver must know of its outbox. */
export interface ArchiverConfig {
  readonly tableName: string;
  readonly shards: number;
  readonly retentionMs: number;
  readonly source: string;
  readonly archive: string;
}

/** What a consumer must know of its inbox. */
export interface InboxConfig {
  /** Unique among the inboxes that share a table, and stable: markers carry it. */
  readonly name: string;
  readonly tableName: string;
  /** How long a handled message is remembered. */
  readonly dedupeWindowMs: number;
  /** Where a message that can never succeed is sent at once. */
  readonly deadLetterQueueUrl: string;
  /** How often the queue delivers a message before it moves it there itself. @default - not known */
  readonly maxReceiveCount?: number;
  /** Present where each aggregate's events are handled in sequence. */
  readonly ordered?: OrderedConfig;
}

/** Additional settings of an ordered inbox. */
export interface OrderedConfig {
  /** The inbox's own queue: what came early is put back on it when its turn has come. */
  readonly queueUrl: string;
  /** How long an earlier event is waited for before the first that came is taken for the beginning. */
  readonly adoptWaitMs: number;
  /** Until when (epoch milliseconds) an aggregate may begin in the middle. @default - each begins with 1 */
  readonly adoptUntil?: number;
  /** How long the next message of a replay may be in the queue's hands: so long it is waited for. */
  readonly replayWaitMs: number;
}

export function writerToEnvironment(
  config: WriterConfig,
  stringify: Stringify,
): Record<string, string> {
  return {
    ...tableToEnvironment(config),
    OUTBOX_ACCEPTS: stringify(config.accepts),
  };
}

/**
 * Settings of a writer, from the variables that the construct's `grantWrite` sets.
 *
 * @param environment `process.env`
 * @throws OutboxError `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID`
 */
export function writerFromEnvironment(environment: Environment): WriterConfig {
  const read = reader(
    environment,
    'call outbox.grantWrite(fn) in the CDK app, or in a test use testOutbox or testInbox of cdk-outbox/testing',
  );
  return {
    ...tableFrom(read),
    accepts: read.list<Acceptance>('OUTBOX_ACCEPTS'),
  };
}

export function relayToEnvironment(
  config: RelayConfig,
  stringify: Stringify,
): Record<string, string> {
  return {
    ...tableToEnvironment(config),
    OUTBOX_SOURCE: config.source,
    OUTBOX_DESTINATIONS: stringify(config.destinations),
    OUTBOX_MAX_ATTEMPTS: String(config.maxAttempts),
    ...(config.archive === undefined ? {} : { OUTBOX_ARCHIVE: config.archive }),
    ...(config.path === undefined ? {} : { OUTBOX_PATH: config.path }),
  };
}

export function relayFromEnvironment(environment: Environment): RelayConfig {
  const read = reader(environment, ofOutbox);
  return {
    ...tableFrom(read),
    source: read.text('OUTBOX_SOURCE'),
    destinations: read.list<DestinationConfig>('OUTBOX_DESTINATIONS'),
    maxAttempts: read.number('OUTBOX_MAX_ATTEMPTS'),
    ...('OUTBOX_ARCHIVE' in environment ? { archive: read.text('OUTBOX_ARCHIVE') } : {}),
    ...('OUTBOX_PATH' in environment ? { path: read.text('OUTBOX_PATH') } : {}),
  };
}

export function archiverToEnvironment(config: ArchiverConfig): Record<string, string> {
  return {
    ...tableToEnvironment(config),
    OUTBOX_SOURCE: config.source,
    OUTBOX_ARCHIVE: config.archive,
  };
}

export function archiverFromEnvironment(environment: Environment): ArchiverConfig {
  const read = reader(environment, ofOutbox);
  return {
    ...tableFrom(read),
    source: read.text('OUTBOX_SOURCE'),
    archive: read.text('OUTBOX_ARCHIVE'),
  };
}

type OutboxTableConfig = Pick<WriterConfig, 'tableName' | 'shards' | 'retentionMs'>;

/** The variables that every function of an outbox needs. */
function tableToEnvironment(config: OutboxTableConfig): Record<string, string> {
  return {
    OUTBOX_TABLE: config.tableName,
    OUTBOX_SHARDS: String(config.shards),
    OUTBOX_RETENTION_MS: String(config.retentionMs),
  };
}

function tableFrom(read: Reader): OutboxTableConfig {
  return {
    tableName: read.text('OUTBOX_TABLE'),
    shards: read.number('OUTBOX_SHARDS'),
    retentionMs: read.number('OUTBOX_RETENTION_MS'),
  };
}

export function inboxToEnvironment(config: InboxConfig): Record<string, string> {
  return {
    INBOX_NAME: config.name,
    INBOX_TABLE: config.tableName,
    INBOX_DEDUPE_WINDOW_MS: String(config.dedupeWindowMs),
    INBOX_DEAD_LETTER_QUEUE_URL: config.deadLetterQueueUrl,
    ...(config.maxReceiveCount === undefined
      ? {}
      : { INBOX_MAX_RECEIVE_COUNT: String(config.maxReceiveCount) }),
    ...(config.ordered === undefined ? {} : orderedToEnvironment(config.ordered)),
  };
}

function orderedToEnvironment(config: OrderedConfig): Record<string, string> {
  const { queueUrl, adoptWaitMs, adoptUntil, replayWaitMs } = config;
  return {
    INBOX_QUEUE_URL: queueUrl,
    INBOX_ADOPT_WAIT_MS: String(adoptWaitMs),
    INBOX_REPLAY_WAIT_MS: String(replayWaitMs),
    ...(adoptUntil === undefined ? {} : { INBOX_ADOPT_UNTIL: String(adoptUntil) }),
  };
}

export function inboxFromEnvironment(environment: Environment): InboxConfig {
  const read = reader(
    environment,
    'pass the function to an Inbox construct as its handler, which sets it, or in a test use testInbox of cdk-outbox/testing',
  );
  return {
    name: read.text('INBOX_NAME'),
    tableName: read.text('INBOX_TABLE'),
    dedupeWindowMs: read.number('INBOX_DEDUPE_WINDOW_MS'),
    deadLetterQueueUrl: read.text('INBOX_DEAD_LETTER_QUEUE_URL'),
    ...('INBOX_MAX_RECEIVE_COUNT' in environment
      ? { maxReceiveCount: read.number('INBOX_MAX_RECEIVE_COUNT') }
      : {}),
    ...('INBOX_QUEUE_URL' in environment ? { ordered: orderedFrom(environment, read) } : {}),
  };
}

function orderedFrom(environment: Environment, read: Reader): OrderedConfig {
  return {
    queueUrl: read.text('INBOX_QUEUE_URL'),
    adoptWaitMs: read.number('INBOX_ADOPT_WAIT_MS'),
    replayWaitMs: read.number('INBOX_REPLAY_WAIT_MS'),
    ...('INBOX_ADOPT_UNTIL' in environment ? { adoptUntil: read.number('INBOX_ADOPT_UNTIL') } : {}),
  };
}

const ofOutbox = 'deploy the function with the Outbox construct, which sets it';

/** Environment variables by which constructs configure functions. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables, each of which must be there. */
interface Reader {
  text(name: string): string;
  number(name: string): number;
  list<T>(name: string): T[];
}

/**
 * Reads from an environment.
 *
 * @param nextStep what to do if a variable is missing or wrong
 * @throws OutboxError from its methods: `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID`
 */
export function reader(environment: Environment, nextStep: string): Reader {
  const text = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === '') {
      throw new OutboxError(
        'ENVIRONMENT_MISSING',
        `environment variable ${name} is missing: ${nextStep}`,
        {
          details: { variable: name },
        },
      );
    }
    return value;
  };
  const invalid = (name: string, expected: string): OutboxError =>
    new OutboxError(
      'ENVIRONMENT_INVALID',
      `environment variable ${name} must be ${expected}, got ${JSON.stringify(text(name))}: ${nextStep}`,
      { details: { variable: name } },
    );
  return {
    text,
    number: (name) => {
      const value = Number(text(name));
      if (!Number.isSafeInteger(value) || value < 1) throw invalid(name, 'a whole number from 1');
      return value;
    },
    list: <T>(name: string): T[] => {
      const value = parseJson(text(name));
      if (!Array.isArray(value) || value.length === 0)
        throw invalid(name, 'a JSON list that is not empty');
      return value as T[];
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
