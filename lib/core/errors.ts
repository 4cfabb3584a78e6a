const brand = Symbol.for('cdk-outbox/error');

/**
 * Everything that can go wrong by name. The literal is stable: match on it, not on messages.
 */
export type OutboxErrorCode =
  | 'ACTION_INVALID'
  | 'AGGREGATE_INVALID'
  | 'ARCHIVE_DAMAGED'
  | 'ARCHIVE_TAKEN'
  | 'CONDITION_FAILED'
  | 'DEAD_LETTER_FAILED'
  | 'DUPLICATE_ITEM'
  | 'ENTRY_INVALID'
  | 'ENTRY_TOO_LARGE'
  | 'ENVELOPE_MISMATCH'
  | 'ENVIRONMENT_INVALID'
  | 'ENVIRONMENT_MISSING'
  | 'EVENT_ALREADY_WRITTEN'
  | 'EVENT_INVALID'
  | 'EVENT_NOT_DEFERRED'
  | 'EVENT_NOT_JSON'
  | 'EVENT_STALE'
  | 'EVENT_TYPE_INVALID'
  | 'EVENT_TYPE_UNKNOWN'
  | 'EVENT_TYPE_UNWANTED'
  | 'EVENT_VERSION_UNKNOWN'
  | 'GAPS_UNCHECKED'
  | 'HANDLER_DUPLICATE'
  | 'HANDLER_REJECTED'
  | 'HANDLER_TIMEOUT'
  | 'ITEM_TOO_LARGE'
  | 'LEASE_LOST'
  | 'MESSAGE_INVALID'
  | 'MESSAGE_TOO_LARGE'
  | 'NOTHING_TO_WRITE'
  | 'OPTION_INVALID'
  | 'OUTBOX_AMBIGUOUS'
  | 'OUTBOX_MISSING'
  | 'OUTBOX_NOT_FOUND'
  | 'PAGES_EXPIRED'
  | 'QUEUE_NOT_FOUND'
  | 'REPLAY_MISSED'
  | 'RESULT_INVALID'
  | 'SAGA_INVALID'
  | 'SAGA_NOT_FOUND'
  | 'SAGA_VERSION_UNKNOWN'
  | 'SEQUENCE_CONFLICT'
  | 'SEQUENCE_INVALID'
  | 'SEQUENCE_MISSING'
  | 'SEQUENCE_TAKEN'
  | 'TABLE_NAME_MISSING'
  | 'TABLE_NOT_FOUND'
  | 'TABLE_THROTTLED'
  | 'TOKEN_INVALID'
  | 'TOKEN_MISMATCH'
  | 'TOO_MANY_ACTIONS'
  | 'TRANSACTION_CANCELLED'
  | 'TRANSACTION_CLOSED'
  | 'TRANSACTION_CONFLICT'
  | 'TRANSACTION_TOO_LARGE';

/** Details of a failure, for logs and for code: ids, numbers and names, never payloads. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The one error of the package's run-time code.
 *
 * Its message names the value, the limit and the next step; `details` holds the same as data. Recognise it
 * with {@link OutboxError.is}, which also holds across two copies of the package, where
 * `instanceof` does not.
 */
export class OutboxError extends Error {
  override readonly name = 'OutboxError';
  readonly code: OutboxErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: OutboxErrorCode,
    message: string,
    options: ErrorOptions & { details?: ErrorDetails } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, brand, { value: true });
  }

  /** Whether `error` is an {@link OutboxError}, and of the given code if one is named. */
  static is(error: unknown, code?: OutboxErrorCode): error is OutboxError {
    if (typeof error !== 'object' || error === null || !(brand in error)) return false;
    return code === undefined || (error as { code?: unknown }).code === code;
  }
}

/**
 * Fails where plain JavaScript leaves out what a call requires.
 *
 * @param usage the call as it is written, which is the next step
 * @param given what the call requires, by name
 * @throws OutboxError `OPTION_INVALID`
 */
export function checkRequiredArguments(
  usage: string,
  given: Readonly<Record<string, unknown>>,
): void {
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value !== null) continue;
    throw new OutboxError('OPTION_INVALID', `${name} is required, got ${value}: call ${usage}`, {
      details: { option: name, value },
    });
  }
}
