import { redact } from '../../contract/redact.ts';
import type { Refusal } from '../destination.ts';

/**
 * Where the cause of a refusal lies.
 *
 * - `entry`: in this entry, which can never go as it is.
 * - `sender`: in what we may send there. Another entry may be allowed.
 * - `passing`: in the moment: this entry may go the next time.
 * - `destination`: in the destination or the way to it: nobody's entries go.
 */
export type Fault = 'entry' | 'sender' | 'passing' | 'destination';

/** Why a call as a whole did not succeed. */
export interface CallFailure {
  readonly fault: Fault;
  /** Whether some entries may go without the others: then the call is worth splitting. */
  readonly mayLieInOneEntry: boolean;
  readonly code: string;
  readonly message: string;
}

// Codes without an `Error` or `Exception` at their end, which differs from service to service. Sources: the errors of each operation, and the common ones:
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
const codes: Readonly<Record<Fault, string>> = {
  entry: `
    BatchEntryIdsNotDistinct BatchRequestTooLong EmptyBatchRequest InvalidArgument InvalidAttributeName
    InvalidAttributeValue InvalidBatchEntryId InvalidMessageContents InvalidParameter
    InvalidParameterCombination InvalidParameterValue MalformedDetail MalformedInput MessageTooLong
    NotAuthorizedForDetailType RedactionFailure RequestEntityTooLarge Serialization TooManyEntriesInBatchRequest Validation`,
  sender: `
    AccessDenied Authorization Forbidden InvalidAccountId NotAuthorized NotAuthorizedForSource
    UnauthorizedOperation`,
  passing: `
    ConcurrentModification Internal InternalFailure InternalServer InternalService ServiceFailure
    ServiceUnavailable`,
  // A missing parameter is none of the entry's: every call has the same, so the queue or topic is of another kind.
  destination: `
    Abort BandwidthLimitExceeded CredentialsProvider ExpiredToken IncompleteSignature InvalidAddress
    InvalidClientTokenId InvalidSecurity InvalidSignature InvalidState LimitExceeded
    MissingAuthenticationToken MissingParameter NonExistentQueue NotFound OperationDisabled OptInRequired
    OverLimit QueueDoesNotExist RequestExpired RequestInTheFuture RequestLimitExceeded RequestThrottled
    RequestTimeTooSkewed RequestTimeout ResourceNotFound SignatureDoesNotMatch SlowDown Throttled
    Throttling Timeout TokenProvider TokenRefreshRequired TooManyRequests UnrecognizedClient
    UnsupportedOperation`,
};

const faults = new Map(
  Object.entries(codes).flatMap(([fault, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, fault as Fault]),
  ),
);

/** Why an entry was refused while its call succeeded. An unknown code counts as passing: a retry is cheap, a wrong parking is not. */
export function faultOfEntry({ code, senderFault }: Refusal): Fault {
  return faultOfCode(code) ?? (senderFault === true ? 'sender' : 'passing');
}

/**
 * What a thrown error says of a call. An unknown one may lie in one entry: splitting shows, and one that
 * is alone may go the next time.
 */
export function judgeCall(error: unknown): CallFailure {
  const thrown = describe(error);
  const fault = faultOfCode(thrown.code) ?? faultOfTransport(thrown);
  const { code, message } = thrown;
  if (fault === 'entry') return { fault, mayLieInOneEntry: true, code, message };
  if (fault === undefined) return { fault: 'passing', mayLieInOneEntry: true, code, message };
  return { fault: 'destination', mayLieInOneEntry: false, code, message };
}

function faultOfCode(code: string): Fault | undefined {
  if (/(^|[.#])kms/i.test(code)) return 'destination';
  const name = code.replace(/^.*[.#]/, '').replace(/(Error)?(Exception)?$/, '');
  return faults.get(name);
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
  const isEveryones = httpStatus >= 500 || [401, 403, 404, 408, 429].includes(httpStatus);
  return isEveryones ? 'destination' : undefined;
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
