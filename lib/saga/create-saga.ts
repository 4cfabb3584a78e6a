import { checkRequiredArguments, OutboxError } from '../core/errors.ts';
import type { Message } from '../table/message.ts';
import { isSagaCheck, sagaDimensions, sagaMetrics, type SagaCheck } from '../table/saga.ts';
import { createDocumentClient } from '../dynamodb/client.ts';
import { handleBatch } from '../inbox/batch.ts';
import type { InvocationContext } from '../inbox/deadline.ts';
import {
  checkOptions,
  toInboxPorts,
  type InboxOptions,
  type InboxPorts,
} from '../inbox/options.ts';
import type { SqsBatchResponse, SqsEvent } from '../inbox/sqs-event.ts';
import { addSubscription, type Subscriptions } from '../inbox/subscriptions.ts';
import { onFirstUse, sagaFrom, type SagaSettings } from '../outbox/settings.ts';
import { systemClock } from '../core/system.ts';
import { createDynamoDBTransactor } from '../dynamodb/transactor.ts';
import { answerUntilCommitted, type SagaStepResult } from './answer.ts';
import type { DefinedSaga } from './definition.ts';
import { likelyKeyOf } from './define-saga.ts';
import { reportOverdue, createRunningSagas, type RunningSagas } from './running-sagas.ts';

/** How a saga finds its settings, and what it uses. */
export interface SagaRunOptions extends InboxOptions {
  /**
   * The index of unfinished sagas, where it is not DynamoDB's: tests pass the in-memory one.
   *
   * @default - that of the saga's table, through `client`
   */
  readonly running?: RunningSagas;
}

/** A Lambda handler: of the messages of a queue, and of the schedule that has it look for overdue sagas. */
export type SagaFunction = (
  event: SqsEvent | SagaCheck,
  context?: InvocationContext,
) => Promise<SqsBatchResponse>;

/**
 * Runs a saga.
 *
 * ```ts
 * export const handler = createSaga(fulfilment);
 * ```
 *
 * Guarantee: what an answer changes of the saga, what it emits and writes, and the deadlines that it sets are one
 * transaction with the memory of the event: all of it exactly once in the inbox's dedupe window, with events
 * in any order, duplicated or batched. Answers of one saga happen one after the other: each sees what the one
 * before it left.
 *
 * A replay brings a saga what it missed, and nothing a second time: an event that was answered within the dedupe window
 * is a duplicate, and one that may have been answered before it is left alone, as is one whose saga is forgotten.
 *
 * Where it ends: a finished saga is forgotten after the dedupe window, and then its starting event, sent anew with
 * another id, starts it again. An event that comes for no saga goes back to the queue, and after its last try to the
 * dead-letter queue, unless its answer says otherwise. A saga takes some tens of steps a second: messages of one
 * batch are answered one after the other, and where more come at once elsewhere, they wait for each other for about
 * ten seconds of the function's time before they go back to the queue, which counts as a receive.
 *
 * Each answer costs, beyond what it emits and writes: a read of the saga; two write units for the marker, and two per KB
 * of the saga's row. With a small state that is 1 KB at first, and 4 KB once it notes its last twenty steps. The index of
 * unfinished sagas takes two more where the status changes, and a deadline about ten.
 *
 * Make it once, outside the handler.
 *
 * Its settings are the variables that the `Saga` construct sets. They are read on first use, or inside Lambda at once:
 * importing the module into a CDK app reads none. `ENVIRONMENT_MISSING` or `ENVIRONMENT_INVALID` is thrown then where
 * they are not right, and `OPTION_INVALID` where the construct is of another saga.
 *
 * @throws OutboxError `OPTION_INVALID`
 */
export function createSaga<State>(
  definition: DefinedSaga<State>,
  options: SagaRunOptions = {},
): SagaFunction {
  checkRequiredArguments('createSaga(fulfilment) with what defineSaga returned', { definition });
  checkOptions(options);
  const opened = onFirstUse(
    options,
    (environment, used) => openSaga(definition, sagaFrom(environment), used),
    { SAGA_NAME: definition.name },
  );
  return async (event, context) => opened()(event, context);
}

/** A saga's function whose settings are known. */
export function openSaga<State>(
  { name, parts }: DefinedSaga<State>,
  settings: SagaSettings,
  options: SagaRunOptions = {},
): SagaFunction {
  checkOptions(options);
  checkName(name, settings);
  const client = options.documentClient ?? createDocumentClient();
  const { transactor = createDynamoDBTransactor(client), clock = systemClock } = options;
  const { sagaTableName, dedupeWindowMs } = settings;
  // Where a transaction meets others, the saga is read and answered anew: that is its next try.
  const inbox = {
    ...toInboxPorts(settings, { ...options, transactor }, { maxAttempts: 1 }),
    dimensions: sagaDimensions({ name, inboxName: settings.name, tableName: settings.tableName }),
  };
  const running = options.running ?? createRunningSagas(client, sagaTableName);
  const handleOnce = answerUntilCommitted(parts, {
    ...{ transactor, clock, sagaTableName, dedupeWindowMs },
    random: options.random ?? Math.random,
    handleOnce: inbox.handleOnce,
    onAnswer: (answer) => {
      report(name, answer, inbox);
    },
  });
  const batch = {
    ...{ ...inbox, handleOnce, subscriptions: subscriptionsOf(parts) },
    // Nothing is answered twice, so all that it has answered is remembered by its id alone.
    remembers: ({ replayid: _, ...message }: Message) => inbox.remembers(message),
    serializationKey: (message: Message) => likelyKeyOf(parts, message),
  };
  return async (event, context) => {
    if (!isSagaCheck(event)) return handleBatch(event, context, batch);
    await reportOverdue(name, { ...inbox, running, clock });
    return { batchItemFailures: [] };
  };
}

/** Deadlines would never be delivered. */
function checkName(name: string, { sagaName }: SagaSettings): void {
  if (name === sagaName) return;
  throw new OutboxError(
    'OPTION_INVALID',
    `the function runs saga ${name}, and its construct is of saga ${sagaName}: give the construct sagaName '${name}'`,
    { details: { option: 'sagaName', saga: name, sagaName } },
  );
}

/** All types that it takes. Who handles them is decided message by message. */
function subscriptionsOf<State>({ events, deadline }: DefinedSaga<State>['parts']): Subscriptions {
  return [...events.values(), deadline].reduce<Subscriptions>(
    (all, definition) =>
      addSubscription(all, { definition, idempotency: 'transaction', handler: () => undefined }),
    new Map(),
  );
}

/** What came for nothing is counted, and everything is logged by its ids. */
function report(
  saga: string,
  { outcome, key, status }: SagaStepResult,
  { log, metrics }: InboxPorts,
): void {
  if (outcome === 'late') metrics.addMetric(sagaMetrics.late, 'Count', 1);
  if (outcome === 'unknown') metrics.addMetric(sagaMetrics.unknown, 'Count', 1);
  const fields = { saga, key, outcome, status };
  const isPlain = outcome === 'started' || outcome === 'changed';
  if (isPlain) log.debug('saga answered an event', fields);
  else log.info('event came for no step of its saga', fields);
}
