import { OutboxError } from '../../core/errors.ts';

/**
 * What went wrong, as one line that says what to do.
 *
 * AWS and the network fail in many words; these are the ones a person on call meets.
 */
export function explain(error: unknown): string {
  const advice = explanationOf(error)?.advice;
  return advice === undefined ? explainShortly(error) : `${explainShortly(error)}. ${advice}`;
}

/**
 * What went wrong, and not what to do.
 *
 * Shows the messages of our own errors, of failures that are listed here and of the system. Any other message may
 * quote the data of an event, as that of `JSON.parse` or of a ValidationException does: of those it shows names,
 * codes and ids.
 */
export function explainShortly(error: unknown): string {
  if (OutboxError.is(error)) return error.message;
  if (!(error instanceof Error)) return `unknown failure: a ${typeof error} was thrown`;
  const what = explanationOf(error)?.what ?? (isOfSystem(error) ? error.name : undefined);
  if (what === undefined) return describeWithoutMessage(error);
  // Where a host has several addresses and none answers, the error has a code and says nothing.
  const message = error.message.trim() || codeOf(error);
  return `${what}: ${message.replace(/\.$/, '')}`;
}

/** A failed system call, which names a file or a host. */
function isOfSystem(error: Error): boolean {
  return 'syscall' in error;
}

function describeWithoutMessage(error: Error): string {
  const { httpStatusCode: status, requestId } =
    (error as { $metadata?: { httpStatusCode?: number; requestId?: string } }).$metadata ?? {};
  const facts = [
    codeOf(error),
    ...(status === undefined ? [] : [`HTTP ${status}`]),
    ...(requestId === undefined ? [] : [`request ${requestId}`]),
  ].filter((fact) => fact !== '' && fact !== error.name);
  const details = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `${error.name}${details}, whose message is not shown: it may quote data of an event`;
}

/** Whether it may pass by itself: no connection, or too many requests. */
export function isPassing(error: unknown): boolean {
  return explanationOf(error)?.isPassing === true;
}

/** Whether AWS says that the caller may not do this. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && deniedNames.includes(error.name);
}

/** Whether AWS says that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && missingNames.includes(error.name);
}

/** What a look finds; `undefined` where AWS says that there is no such thing. */
export async function unlessMissing<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether the endpoint does not support the operation, as with an emulator. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof Error && unsupportedNames.includes(error.name);
}

const unsupportedNames = ['InvalidAction', 'NotImplemented', 'UnknownOperationException'];

const deniedNames = [
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'KMSAccessDeniedException',
  'UnauthorizedOperation',
];

const missingNames = [
  'NotFound',
  'NotFoundException',
  'NoSuchBucket',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'ResourceNotFoundException',
];

interface Explanation {
  readonly names: readonly string[];
  readonly what: string;
  readonly advice: string;
  readonly isPassing?: true;
}

const explanations: readonly Explanation[] = [
  {
    names: ['CredentialsProviderError', 'MissingAuthenticationToken', 'TokenProviderError'],
    what: 'no AWS credentials',
    advice: 'Log in, or name a profile that there is (--profile, AWS_PROFILE)',
  },
  {
    names: [
      'ExpiredToken',
      'ExpiredTokenException',
      'InvalidClientTokenId',
      'InvalidSignatureException',
      'UnrecognizedClientException',
    ],
    what: 'the AWS credentials are not valid, or no longer',
    advice: 'Log in again',
  },
  {
    names: deniedNames,
    what: 'not allowed',
    advice: 'The help of each command lists the IAM actions that it needs',
  },
  {
    names: missingNames,
    what: 'AWS knows no such thing',
    advice: 'Is it the right region and account (--region, --profile)?',
  },
  {
    names: ['ConfigError', 'Region is missing'],
    what: 'no region',
    advice: 'Give --region, set AWS_REGION, or a region in the profile',
  },
  {
    names: ['ERR_INVALID_URL'],
    what: 'the endpoint is no URL',
    advice: '--endpoint-url and AWS_ENDPOINT_URL take one as http://127.0.0.1:4566',
  },
  {
    names: [
      'ECONNREFUSED',
      'ECONNRESET',
      'EAI_AGAIN',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'ENOTFOUND',
      'EPIPE',
      'EPROTO',
      'ETIMEDOUT',
      'TimeoutError',
    ],
    what: 'no connection to AWS',
    advice:
      'Check the network, --region and --endpoint-url. Nothing is lost by it: the same command, run again, does what is left',
    isPassing: true,
  },
  {
    names: [
      'ProvisionedThroughputExceededException',
      'RequestLimitExceeded',
      'ThrottlingException',
      'TooManyRequestsException',
    ],
    what: 'AWS throttles',
    advice: 'Run the same command again later, with a lower --rate if it has one',
    isPassing: true,
  },
  {
    names: [
      'InternalFailure',
      'InternalServerError',
      'ServiceException',
      'ServiceUnavailable',
      'ServiceUnavailableException',
    ],
    what: 'AWS has trouble',
    advice: 'Run the same command again: it does what is left',
    isPassing: true,
  },
];

function explanationOf(error: unknown): Explanation | undefined {
  if (!(error instanceof Error) || OutboxError.is(error)) return undefined;
  const known = namesOf(error);
  return explanations.find(({ names }) => names.some((name) => known.includes(name)));
}

/** A system error is known by its code, one of the SDK by its name; the SDK has no name for a missing region. */
function namesOf(error: Error): string[] {
  return [error.name, error.message, codeOf(error)];
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** What was looked at; or why the caller may not. */
export type Looked<T> =
  | { readonly status: 'seen'; readonly value: T }
  | { readonly status: 'unseen'; readonly why: string };

/** Looks at something that the caller may not be allowed to see. Throws what else goes wrong. */
export async function tryToSee<T>(look: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { status: 'seen', value: await look() };
  } catch (error) {
    if (isDenied(error)) return { status: 'unseen', why: explain(error) };
    throw error;
  }
}
