import type { Clock } from '../core/ports.ts';
import { redact } from '../core/redact.ts';
import type { Refusal } from './destination.ts';

/**
 * What an error says about the cause of a refusal.
 *
 * - `entry`: this entry, which can never be published as it is.
 * - `unclear`: the entry or the destination. Whether other entries are accepted tells which.
 * - `sender`: what the relay may send there. Another entry may be allowed.
 * - `internal`: a failure inside the service, unless other entries are accepted meanwhile.
 * - `passing`: the moment, or anything that is not known. The entry may be accepted the next time.
 * - `throttled`: the destination asks to slow down. Never the entry's fault.
 * - `destination`: the destination or the way to it, unless other entries are accepted meanwhile.
 */
export type Fault =
  'entry' | 'unclear' | 'sender' | 'internal' | 'passing' | 'throttled' | 'destination';

/** Why a call as a whole did not succeed. */
export interface CallFailure {
  readonly fault: Fault;
  /** Whether no answer came in time: the destination may have taken the entries all the same. */
  readonly isTimeout: boolean;
  readonly code: string;
  readonly message: string;
}

// Codes without an `Error` or `Exception` at their end, which differs from service to service. Sources: the errors of each operation, and the common ones:
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
const codes: Readonly<Record<Exclude<Fault, 'passing'>, string>> = {
  entry: `
    BatchEntryIdsNotDistinct BatchRequestTooLong EmptyBatchRequest InvalidAttributeName
    InvalidAttributeValue InvalidBatchEntryId InvalidMessageContents MalformedDetail MalformedInput MessageTooLong
    NotAuthorizedForDetailType RedactionFailure RequestEntityTooLarge Serialization TooManyEntriesInBatchRequest`,
  unclear: `
    InvalidArgument InvalidParameter InvalidParameterCombination InvalidParameterValue Validation`,
  sender: `
    AccessDenied Authorization Forbidden InvalidAccountId NotAuthorized NotAuthorizedForSource
    UnauthorizedOperation`,
  internal: `
    ConcurrentModification Internal InternalFailure InternalServer InternalService ServiceFailure
    ServiceUnavailable`,
  throttled: `
    BandwidthLimitExceeded LimitExceeded OverLimit RequestLimitExceeded RequestThrottled SlowDown
    Throttled Throttling TooManyRequests KMSThrottling KmsThrottled`,
  // A missing parameter does not depend on the entry: every call has the same, so the queue or topic is of another kind.
  destination: `
    Abort CredentialsProvider ExpiredToken IncompleteSignature InvalidAddress
    InvalidClientTokenId InvalidSecurity InvalidSignature InvalidState
    MissingAuthenticationToken MissingParameter NonExistentQueue NotFound OperationDisabled OptInRequired
    QueueDoesNotExist RequestExpired RequestInTheFuture
    RequestTimeTooSkewed RequestTimeout ResourceNotFound SignatureDoesNotMatch
    Timeout TokenProvider TokenRefreshRequired UnrecognizedClient UnsupportedOperation`,
};

const faults = new Map(
  Object.entries(codes).flatMap(([fault, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, fault as Fault]),
  ),
);

/** A validation error that speaks of what the message holds: SQS says so of a size, with the code of any parameter. */
const namesMessage =
  /shorter than|too (long|large|big)|exceed|over the limit|invalid (binary )?(character|content)|message (body|attribute)/i;

/** A validation error that speaks of where the call goes, which is the same for every entry. */
const namesTarget =
  /\b(topic|queue|event ?bus|region|endpoint|account|arn)s?\b|TopicArn|QueueUrl|EventBusName|MessageGroupId/i;

/** Why an entry was refused while its call succeeded. An unknown code counts as passing: a retry is cheap, parking by mistake is not. */
export function faultOfEntry({ code, message, senderFault }: Refusal): Fault {
  return faultOfError(code, message) ?? (senderFault === true ? 'sender' : 'passing');
}

/**
 * What a thrown error says of a call. An unknown one counts as passing: it may lie in one entry, and one
 * that is alone may be accepted the next time.
 */
export function classifyCallFailure(error: unknown): CallFailure {
  const thrown = describe(error);
  const { code, message } = thrown;
  const fault = faultOfError(code, message) ?? faultOfTransport(thrown) ?? 'passing';
  return {
    fault: isEveryones(fault, thrown) ? 'destination' : fault,
    isTimeout: isTimeout(code),
    code,
    message,
  };
}

/** A call as a whole is denied, or fails inside the service, for each of its entries alike. */
function isEveryones(fault: Fault, { httpStatus }: Thrown): boolean {
  if (fault === 'sender' || fault === 'internal') return true;
  return fault === 'passing' && (httpStatus ?? 0) >= 500;
}

function faultOfError(code: string, message: string): Fault | undefined {
  const fault = faults.get(nameOf(code));
  if (fault === 'unclear' && namesMessage.test(message)) return 'entry';
  if (fault === 'unclear') return namesTarget.test(message) ? 'destination' : 'unclear';
  if (fault !== undefined) return fault;
  return /(^|[.#])kms/i.test(code) ? 'destination' : undefined;
}

function nameOf(code: string): string {
  return code.replace(/^.*[.#]/, '').replace(/(Error)?(Exception)?$/, '');
}

function isTimeout(code: string): boolean {
  return /time_?d?_?out|^Abort/i.test(code);
}

interface Thrown {
  readonly code: string;
  readonly message: string;
  readonly httpStatus: number | undefined;
  readonly isSystemError: boolean;
}

function faultOfTransport({ httpStatus, isSystemError }: Thrown): Fault | undefined {
  if (httpStatus === undefined) return isSystemError ? 'destination' : undefined;
  if (httpStatus === 413) return 'entry';
  if (httpStatus === 429) return 'throttled';
  return httpStatus >= 500 || [401, 403, 404, 408].includes(httpStatus) ? 'destination' : undefined;
}

/** An SDK error is known by its name; a system error of Node, such as `ECONNREFUSED`, by its code. */
function describe(error: unknown): Thrown {
  if (!(error instanceof Error)) {
    return { code: 'UNKNOWN', message: '', httpStatus: undefined, isSystemError: false };
  }
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  const isSystemError = typeof code === 'string' && !(error instanceof TypeError);
  const httpStatus = $metadata?.httpStatusCode;
  return {
    code: isSystemError && httpStatus === undefined ? code : error.name,
    message: redact(error.message),
    httpStatus,
    isSystemError,
  };
}

const restMs = 5_000;

/**
 * Leaves destinations alone for some seconds after they were found to be down. Where each call ends in a
 * time-out, entries of one destination would otherwise take the time of all others.
 */
export interface Breaker {
  /** Why a destination is left alone now; `undefined` where it is not. */
  failureOf(destination: string): CallFailure | undefined;
  /** Leaves a destination alone for five seconds from now. */
  trip(destination: string, failure: CallFailure): void;
  /** Leaves no destination alone any more. */
  reset(): void;
}

export function createBreaker({ clock }: { readonly clock: Pick<Clock, 'now'> }): Breaker {
  const tripped = new Map<string, { readonly until: number; readonly failure: CallFailure }>();
  return {
    failureOf: (destination) => {
      const trip = tripped.get(destination);
      return trip !== undefined && clock.now() < trip.until ? trip.failure : undefined;
    },
    trip: (destination, failure) => {
      tripped.set(destination, { until: clock.now() + restMs, failure });
    },
    reset: () => {
      tripped.clear();
    },
  };
}
