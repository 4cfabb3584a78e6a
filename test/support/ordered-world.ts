import type { Row } from '../../lib/table/entry.ts';
import type { OrderedConfig } from '../../lib/core/environment.ts';
import type { Message } from '../../lib/table/message.ts';
import { checkGaps, type CheckPorts } from '../../lib/inbox/ordered/check-gaps.ts';
import { putBackOn } from '../../lib/inbox/ordered/put-back.ts';
import type { ReadRange } from '../../lib/inbox/ordered/history.ts';
import type { Transactor } from '../../lib/dynamodb/actions.ts';
import { createVirtualClock, type VirtualClock } from '../../lib/testing/virtual-clock.ts';
import type { SqsSender } from '../../lib/inbox/dead-letter.ts';
import { type Inbox } from '../../lib/runtime.ts';
import { openInbox } from '../../lib/inbox/inbox.ts';
import { type InboxSettings } from '../../lib/outbox/settings.ts';
import { lifeOf, type Fate } from './mortal.ts';
import { simulatedQueue, type SimulatedQueue } from './simulated-queue.ts';
import { recordingLog } from './world.ts';

const queueUrl = 'https://sqs.invalid/111122223333/inbox';
const fifoQueueUrl = `${queueUrl}.fifo`;
const deadLetterQueueUrl = 'https://sqs.invalid/111122223333/dead';

/** The database of an ordered world: in memory, or DynamoDB Local. */
export interface WorldDatabase {
  readonly transactor: Transactor;
  readonly tableName: string;
  readonly readRange: ReadRange;
  rows(): Promise<Row[]>;
}

export interface OrderedWorldOptions {
  readonly database: WorldDatabase;
  readonly random: () => number;
  readonly isFifo?: boolean;
  readonly ordered?: Partial<OrderedConfig>;
  /** Registers the handlers of a worker; `effects` is told of what was committed, not of what was tried. */
  readonly handlers: (inbox: Inbox) => Inbox;
}

/** An ordered inbox with its queue, and workers that may die at any call. */
export interface OrderedWorld {
  readonly queue: SimulatedQueue;
  readonly clock: VirtualClock;
  /** Runs one invocation on what it finds in the queue. */
  work(fate?: Fate): Promise<void>;
  /** Runs the check of gaps. */
  check(fate?: Fate): ReturnType<typeof checkGaps>;
  /** What is kept of messages that came early, and of gaps. */
  kept(): Promise<Row[]>;
  deliver(...messages: Message[]): void;
  readonly log: ReturnType<typeof recordingLog>;
}

export function createOrderedWorld(options: OrderedWorldOptions): OrderedWorld {
  const { database, random, isFifo = false, handlers } = options;
  const clock = createVirtualClock(Date.parse('2026-11-21T04:00:00Z'));
  const ownQueueUrl = isFifo ? fifoQueueUrl : queueUrl;
  const queue = simulatedQueue({ random, isFifo, queueUrl: ownQueueUrl });
  const ordered = {
    ...{ queueUrl: ownQueueUrl, adoptWaitMs: 60_000, replayWaitMs: 15 * 60_000 },
    ...options.ordered,
  };
  const settings: InboxSettings = {
    name: 'billing',
    tableName: database.tableName,
    dedupeWindowMs: 24 * 3_600_000,
    deadLetterQueueUrl,
    ordered,
  };
  const surroundings = {
    clock,
    random,
    logger: recordingLog(),
    metrics: {
      addDimension: () => undefined,
      addMetric: () => undefined,
      publishStoredMetrics: () => undefined,
    },
  };
  return {
    queue,
    clock,
    log: surroundings.logger,
    deliver: (...messages) => {
      for (const message of messages) queue.put(JSON.stringify(message), message.subject);
    },
    work: async (fate = {}) => {
      const taken = queue.take();
      const life = lifeOf(fate);
      const { transactor, sqs } = mortalPorts({ transactor: database.transactor, queue }, life);
      const inbox = handlers(openInbox(settings, { ...surroundings, transactor, sqsClient: sqs }));
      const answer = await inbox({ Records: taken.records });
      queue.settle(taken, life.isDead() ? 'lost' : answer);
    },
    check: (fate = {}) => {
      const ports = mortalPorts({ transactor: database.transactor, queue }, lifeOf(fate));
      const checkPorts: CheckPorts = {
        ...ports,
        ...surroundings,
        config: settings,
        ordered,
        readRange: database.readRange,
        putBack: putBackOn(ownQueueUrl, ports.sqs),
        log: surroundings.logger,
      };
      return checkGaps(checkPorts);
    },
    kept: async () => {
      const rows = await database.rows();
      return rows.filter(
        ({ pk, sk }) => String(sk).startsWith('b#') || String(pk).startsWith('g#'),
      );
    },
  };
}

function mortalPorts(
  { transactor, queue }: { transactor: Transactor; queue: SimulatedQueue },
  { live }: ReturnType<typeof lifeOf>,
): { transactor: Transactor; sqs: SqsSender } {
  return {
    transactor: {
      transact: (actions, token) => live(() => transactor.transact(actions, token)),
      write: (action) => live(() => transactor.write(action)),
      get: (tableName, key) => live(() => transactor.get(tableName, key)),
    },
    sqs: {
      send: ((command: { input: object }) => live(() => queue.send(command))) as SqsSender['send'],
    },
  };
}
