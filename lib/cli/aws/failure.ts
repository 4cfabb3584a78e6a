import { OutboxError } from '../../contract/error.ts';

/**
 * What went wrong, as one line that says what to do.
 *
 * AWS and the network fail in many words; these are the ones a person on call meets.
 */
export function explain(error: unknown): string {
  if (OutboxError.is(error)) return error.message;
  if (!(error instanceof Error)) return `unknown failure: ${String(error)}`;
  const explained = explanations.find(({ names }) => names.includes(nameOf(error)));
  return explained === undefined ? `${error.name}: ${error.message}` : explained.say(error);
}

/** Whether AWS says that the caller may not do this. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && deniedNames.includes(error.name);
}

/** Whether AWS says that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && missingNames.includes(error.name);
}

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
  say(error: Error): string;
}

const explanations: readonly Explanation[] = [
  {
    names: ['CredentialsProviderError', 'MissingAuthenticationToken', 'TokenProviderError'],
    say: ({ message }) =>
      `no AWS credentials: set a profile (--profile, AWS_PROFILE) or log in (${message})`,
  },
  {
    names: [
      'ExpiredToken',
      'ExpiredTokenException',
      'InvalidClientTokenId',
      'InvalidSignatureException',
      'UnrecognizedClientException',
    ],
    say: ({ message }) =>
      `the AWS credentials are not valid, or no longer: log in again (${message})`,
  },
  {
    names: deniedNames,
    say: ({ message }) =>
      `not allowed: ${message}. The help of each command lists the IAM actions that it needs`,
  },
  {
    names: missingNames,
    say: ({ message }) =>
      `AWS knows no such thing: ${message}. Is it the right region and account (--region, --profile)?`,
  },
  {
    names: ['ConfigError', 'Error:Region is missing'],
    say: () => 'no region: give --region, set AWS_REGION, or a region in the profile',
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
      'ETIMEDOUT',
      'TimeoutError',
    ],
    say: ({ message }) =>
      `no connection to AWS: ${message}. Nothing is lost by it: run the same command again to finish`,
  },
  {
    names: [
      'ProvisionedThroughputExceededException',
      'RequestLimitExceeded',
      'ThrottlingException',
      'TooManyRequestsException',
    ],
    say: ({ message }) =>
      `AWS throttles: ${message}. Run the same command again later, with a lower --rate if it has one`,
  },
];

/** A system error is known by its code, an error of the SDK by its name; the SDK has no name for a missing region. */
function nameOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (error.message === 'Region is missing') return 'Error:Region is missing';
  return typeof code === 'string' && error.name === 'Error' ? code : error.name;
}
