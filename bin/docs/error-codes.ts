import type { OutboxErrorCode } from '../../lib/core/errors.ts';

/** What a code means, and what to do next. */
export interface ErrorDoc {
  readonly meaning: string;
  readonly nextStep: string;
}

/** Every code of an `OutboxError`: a code without a line here does not compile. */
export const errorDocs: Readonly<Record<OutboxErrorCode, ErrorDoc>> = {
  ACTION_INVALID: {
    meaning:
      'A write is no Put, Update, Delete or ConditionCheck, has no item or key, or its item refers to itself.',
    nextStep: 'Correct the action that the message names. Nothing was written.',
  },
  AGGREGATE_INVALID: {
    meaning: 'The aggregate of an event is not a type and an id, or is longer than 1,024 bytes.',
    nextStep:
      'Name the type in `defineEvent` (letters, digits and `._-`), and pass the id as a non-empty string.',
  },
  ARCHIVE_DAMAGED: {
    meaning: 'An object of the archive is missing, or its checksum differs from what was written.',
    nextStep: 'Find what else writes to the prefix of the archive. Restore the object.',
  },
  ARCHIVE_TAKEN: {
    meaning: 'The prefix of the archive holds entries of another outbox.',
    nextStep: 'Give each outbox its own prefix or bucket.',
  },
  CONDITION_FAILED: {
    meaning: 'A condition of your items failed. Nothing was written.',
    nextStep: 'Read the item again and decide. `failures` names the index of each action.',
  },
  DEAD_LETTER_FAILED: {
    meaning:
      'A rejected message could not be sent to the dead-letter queue. It stays in its queue.',
    nextStep: 'Check that the dead-letter queue exists and that the function may send to it.',
  },
  DUPLICATE_ITEM: {
    meaning: 'Two actions of a transaction are on the same item, or an event is given twice.',
    nextStep: 'Merge the two actions. Make a new event for each thing that happened.',
  },
  ENTRY_INVALID: {
    meaning: 'A row of the outbox table holds no valid entry. It is parked.',
    nextStep: 'Write events through the package only. Run `npx outbox ls parked`.',
  },
  ENTRY_TOO_LARGE: {
    meaning: 'An event does not fit in a DynamoDB item with room to wait (392 KB).',
    nextStep: 'Keep large data in S3, and its location in the event.',
  },
  ENVELOPE_MISMATCH: {
    meaning:
      'An event names another source or type than its EventBridge envelope: rules and IAM conditions do not apply to it.',
    nextStep:
      'Find who sent it. Let producers put the same source and type into envelope and event.',
  },
  ENVIRONMENT_INVALID: {
    meaning: 'An environment variable of the function has a wrong value.',
    nextStep: 'Let the construct set the variables: grant or attach the function in the CDK app.',
  },
  ENVIRONMENT_MISSING: {
    meaning: 'An environment variable of the function is not set.',
    nextStep:
      'Call `outbox.grantWrite(fn)`, or pass the function to its `Inbox`, `Saga` or `Reconciliation`.',
  },
  EVENT_ALREADY_WRITTEN: {
    meaning:
      'An event of this id is in the outbox. The transaction that wrote it was committed, this one was not.',
    nextStep: 'Treat a repetition as done. Make a new event for anything else.',
  },
  EVENT_INVALID: {
    meaning: 'The data of an event does not fit its schema, or its options are wrong.',
    nextStep: 'Correct the data. The error lists each issue with its path.',
  },
  EVENT_NOT_DEFERRED: {
    meaning:
      'An event that is to be cancelled is not deferred, or its delivery has begun. Nothing was written.',
    nextStep: 'Write the rest without it, or cancel it with `required: false`.',
  },
  EVENT_NOT_JSON: {
    meaning: 'The data of an event cannot be written as JSON without loss.',
    nextStep: 'Use text, finite numbers, booleans, null, lists and plain objects.',
  },
  EVENT_STALE: {
    meaning: 'The id of an event is too old, or too far ahead, for when it is written or due.',
    nextStep: 'Make the event again. Check the clock of the machine that made it.',
  },
  EVENT_TYPE_INVALID: {
    meaning:
      'A type of event has a character that is not allowed, or is longer than 128 characters.',
    nextStep: 'Use letters, digits and `._:/-`, and begin with a letter or digit.',
  },
  EVENT_TYPE_UNKNOWN: {
    meaning: 'The inbox has no handler for the type of a message. The message is dead-lettered.',
    nextStep:
      'Add a handler, or narrow `events` of the `Inbox`. Then run `npx outbox inbox redrive`.',
  },
  EVENT_TYPE_UNWANTED: {
    meaning: 'No destination of the outbox takes events of this type. Nothing was written.',
    nextStep: 'Add the type to a destination, or do not write the event.',
  },
  EVENT_VERSION_UNKNOWN: {
    meaning: 'A message has a version that its consumer does not know, or has no `upcast` for.',
    nextStep:
      'Deploy the consumer with the newer definition, or add the `upcast`. Then redrive the message.',
  },
  GAPS_UNCHECKED: {
    meaning: 'Gaps of an ordered inbox could not be checked.',
    nextStep: 'Read the log of the gap check. The next run tries again.',
  },
  HANDLER_DUPLICATE: {
    meaning: 'A type of event has two handlers in one inbox or saga.',
    nextStep: 'Do both things in one handler, or use two inboxes.',
  },
  HANDLER_REJECTED: {
    meaning: 'The handler called `reject(reason)`. The message is dead-lettered.',
    nextStep: 'Fix the cause that the reason names, then run `npx outbox inbox redrive`.',
  },
  HANDLER_TIMEOUT: {
    meaning: 'A handler, or a run of a reconciliation, did not end in time.',
    nextStep: 'Shorten slow calls, raise the timeout of the function, or lower the batch size.',
  },
  ITEM_TOO_LARGE: {
    meaning: 'An item is larger than 400 KB.',
    nextStep: 'Keep large data in S3, and its location in the item.',
  },
  LEASE_LOST: {
    meaning:
      'A handler outlived its lease, and another worker has the message. Nothing of its transaction was written.',
    nextStep: 'Let calls time out well before the function does.',
  },
  MESSAGE_INVALID: {
    meaning: 'A message is not one of an outbox, or the function was not invoked by a queue.',
    nextStep: 'Let the `Inbox` construct attach the queue. Check what else sends to it.',
  },
  MESSAGE_TOO_LARGE: {
    meaning:
      'A message is larger than a destination takes (1 MB, a topic 256 KB), or than a row that keeps it.',
    nextStep: 'Keep large data in S3, and its location in the event.',
  },
  NOTHING_TO_WRITE: {
    meaning: 'A write has no items and no events.',
    nextStep: 'Skip the call if there is nothing to write.',
  },
  OPTION_INVALID: {
    meaning: 'An option of a function or of the command has a wrong value.',
    nextStep: 'Correct it. The error names the option, the value and what is allowed.',
  },
  OUTBOX_AMBIGUOUS: {
    meaning: 'The command found several outboxes, inboxes or sagas.',
    nextStep: 'Choose one by `--stack`, `--outbox` or `--table`, or by its whole name.',
  },
  OUTBOX_MISSING: {
    meaning: 'A handler emits or cancels events, and its function has no outbox to write to.',
    nextStep: 'Pass `outbox` to the `Inbox`, or call `outbox.grantWrite(fn)`.',
  },
  OUTBOX_NOT_FOUND: {
    meaning: 'The command found no outbox, inbox or saga of that name.',
    nextStep: 'Check the name, `--region` and `--profile`.',
  },
  PAGES_EXPIRED: {
    meaning: 'A replay reaches back further than the table, and the archive, hold entries.',
    nextStep: 'Begin the replay later. Switch on `archive` for the future.',
  },
  QUEUE_NOT_FOUND: {
    meaning: 'There is no queue of that name in this account and region.',
    nextStep: 'Run `npx outbox status`, which names the queues that matter.',
  },
  REPLAY_MISSED: {
    meaning: 'A replayed event came after later ones of its aggregate were handled.',
    nextStep: 'Replay the aggregate again: `npx outbox replay --aggregate <aggregate>`.',
  },
  RESULT_INVALID: {
    meaning:
      'The result of a handler under a lease cannot be stored. The message is remembered without it.',
    nextStep: 'Return ids only, and keep the rest elsewhere.',
  },
  SAGA_INVALID: {
    meaning: 'A saga is defined or used in a way that cannot work.',
    nextStep: 'Correct the definition. The error names the saga and the problem.',
  },
  SAGA_NOT_FOUND: {
    meaning: 'There is no saga of the key of an event yet. The message goes back to its queue.',
    nextStep: 'Wait for the event that starts the saga, or ignore such events.',
  },
  SAGA_VERSION_UNKNOWN: {
    meaning: 'A saga was stored by a newer version of its definition. Its events are kept back.',
    nextStep: 'Deploy the newer definition.',
  },
  SEQUENCE_CONFLICT: {
    meaning:
      'Other writers took the next sequence of the aggregate in each try. Nothing was written.',
    nextStep:
      "Pass the business item's own version as `sequence`, or write to one aggregate less often at a time.",
  },
  SEQUENCE_INVALID: {
    meaning:
      "A `sequence` is not `'next'` or a whole number from 1, or clashes with another event of the write.",
    nextStep: 'Give each event of an aggregate its own number. Leave it out of deferred events.',
  },
  SEQUENCE_MISSING: {
    meaning: 'A message of an ordered inbox has no `sequence`. It is dead-lettered.',
    nextStep:
      'Let the producer set `sequence`, or handle the type in an inbox that is not ordered.',
  },
  SEQUENCE_TAKEN: {
    meaning:
      'Two events of an aggregate have the same `sequence`. The second one is dead-lettered.',
    nextStep: 'Correct the producer: each sequence belongs to exactly one event.',
  },
  TABLE_NAME_MISSING: {
    meaning:
      'A write has no table name: the environment variable that holds it is probably not set.',
    nextStep: 'Set the variable on the function in the CDK app. Nothing was written.',
  },
  TABLE_NOT_FOUND: {
    meaning: 'A table does not exist in this account and region.',
    nextStep: 'Check the name, the region, and that the stack is deployed.',
  },
  TABLE_THROTTLED: {
    meaning: 'A table left requests unprocessed after all tries.',
    nextStep: 'If it lasts, raise the throughput limit of the table, or `shards` of the outbox.',
  },
  TOKEN_INVALID: {
    meaning: 'The `clientRequestToken` of a write is empty or longer than 36 characters.',
    nextStep: 'Pass a UUID, or a hash of that length.',
  },
  TOKEN_MISMATCH: {
    meaning: 'The `clientRequestToken` was used for another transaction within ten minutes.',
    nextStep: 'Repeat the same write, event ids included, or use a new token.',
  },
  TOO_MANY_ACTIONS: {
    meaning: 'A transaction has more than 100 actions.',
    nextStep: 'Split the write, or let one event tell of several changes.',
  },
  TRANSACTION_CANCELLED: {
    meaning: 'DynamoDB refused the transaction for a reason of its own.',
    nextStep: 'Read `reasons`, one for each action.',
  },
  TRANSACTION_CLOSED: {
    meaning: 'A handler wrote to `tx` after it had ended.',
    nextStep: 'Await everything in the handler that writes or emits.',
  },
  TRANSACTION_CONFLICT: {
    meaning:
      'Other transactions held the items, or the table throttled, in each try. Nothing was written.',
    nextStep: 'Try again later. If it lasts, spread the writes over more items.',
  },
  TRANSACTION_TOO_LARGE: {
    meaning: 'A transaction has more than 4 MB.',
    nextStep: 'Split the write, or keep large data in S3.',
  },
};
