import { describe, expect, it } from 'vitest';

import { classifyCallFailure, faultOfEntry } from '../../lib/delivery/classify.ts';
import { sdkError } from '../support/fake-destination.ts';

function faultOf(code: string, senderFault?: boolean): string {
  return faultOfEntry({
    status: 'refused',
    code,
    message: '',
    ...(senderFault === undefined ? {} : { senderFault }),
  });
}

describe('the fault of an entry that was refused while its call succeeded', () => {
  it.each(['MalformedDetail', 'InvalidMessageContents', 'NotAuthorizedForDetailTypeException'])(
    'lies in the entry: %s',
    (code) => {
      expect(faultOf(code)).toBe('entry');
    },
  );

  it.each([
    'InvalidArgument',
    'InvalidParameter',
    'InvalidParameterValueException',
    'ValidationError',
  ])('is unclear: %s', (code) => {
    expect(faultOf(code)).toBe('unclear');
  });

  it.each([
    'ThrottlingException',
    'RequestThrottled',
    'KmsThrottled',
    'OverLimit',
    'TooManyRequestsException',
  ])('is that the destination throttles: %s', (code) => {
    expect(faultOf(code, true)).toBe('throttled');
  });

  it.each(['AccessDeniedException', 'NotAuthorizedForSourceException', 'AuthorizationError'])(
    'lies in what the sender is allowed: %s',
    (code) => {
      expect(faultOf(code)).toBe('sender');
    },
  );

  it.each(['InternalFailure', 'InternalError', 'InternalException', 'ServiceUnavailable'])(
    'lies inside the service: %s',
    (code) => {
      expect(faultOf(code, true)).toBe('internal');
    },
  );

  it.each([
    'KMS.DisabledException',
    'KMSAccessDeniedException',
    'AWS.SimpleQueueService.NonExistentQueue',
  ])('lies in the destination, even if the service blames the sender: %s', (code) => {
    expect(faultOf(code, true)).toBe('destination');
  });

  it('passes where the code is unknown, unless the service blames the sender', () => {
    expect(faultOf('Novelty')).toBe('passing');
    expect(faultOf('Novelty', false)).toBe('passing');
    expect(faultOf('Novelty', true)).toBe('sender');
  });
});

function systemError(code: string): Error {
  return Object.assign(new Error('connect'), { code, $metadata: { attempts: 2 } });
}

describe('the fault of a call that was refused as a whole', () => {
  it.each([
    sdkError('BatchRequestTooLong', 400),
    sdkError('BatchRequestTooLongException', 400),
    sdkError('RequestEntityTooLargeException', 413),
    sdkError('InvalidBatchEntryId', 400),
    sdkError('AWS.SimpleQueueService.InvalidBatchEntryId', 400),
    sdkError('AnyName', 413),
  ])('lies in an entry: $name', (error) => {
    expect(classifyCallFailure(error)).toMatchObject({ fault: 'entry' });
  });

  it.each([
    sdkError('ValidationException', 400),
    sdkError('InvalidParameterException', 400),
    sdkError('InvalidParameterValueException', 400),
  ])('is unclear: $name', (error) => {
    expect(classifyCallFailure(error)).toMatchObject({ fault: 'unclear' });
  });

  it.each([sdkError('ThrottlingException', 400), sdkError('AnyName', 429)])(
    'is that the destination throttles: $name',
    (error) => {
      expect(classifyCallFailure(error)).toMatchObject({ fault: 'throttled' });
    },
  );

  it.each([
    sdkError('InternalException', 500),
    sdkError('ServiceUnavailable', 503),
    sdkError('AccessDeniedException', 400),
    sdkError('AuthorizationErrorException', 403),
    sdkError('ResourceNotFoundException', 400),
    sdkError('QueueDoesNotExist', 400),
    sdkError('NotFoundException', 404),
    sdkError('ExpiredTokenException', 400),
    sdkError('UnrecognizedClientException', 400),
    sdkError('InvalidClientTokenId', 403),
    sdkError('CredentialsProviderError'),
    sdkError('KmsAccessDenied', 400),
    sdkError('KMSInvalidStateException', 400),
    sdkError('MissingParameter', 400),
    sdkError('AnyName', 403),
    sdkError('AnyName', 404),
    sdkError('AnyName', 502),
  ])('lies in the destination: $name $$metadata.httpStatusCode', (error) => {
    expect(classifyCallFailure(error)).toMatchObject({ fault: 'destination', isTimeout: false });
  });

  it.each([sdkError('TimeoutError'), sdkError('AbortError'), systemError('ETIMEDOUT')])(
    'is a time-out, which says nothing of whether the entries were taken: %s',
    (error) => {
      expect(classifyCallFailure(error)).toMatchObject({ fault: 'destination', isTimeout: true });
    },
  );

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'CERT_HAS_EXPIRED'])(
    'lies in the way there, and is called by its code: %s',
    (code) => {
      expect(classifyCallFailure(systemError(code))).toMatchObject({ fault: 'destination', code });
    },
  );

  it.each([
    sdkError('Novelty', 400),
    new TypeError('not a function'),
    Object.assign(new TypeError('bad argument'), { code: 'ERR_INVALID_ARG_TYPE' }),
    new Error('Region is missing'),
    'thrown text',
  ])('counts as passing where it is unknown: %s', (error) => {
    expect(classifyCallFailure(error)).toMatchObject({ fault: 'passing' });
  });

  it.each([
    [
      "1 error detected: Value '[PutEventsRequestEntry(detail={\"a\":\"'secret'\"})]' at 'entries' failed",
      "1 error detected: Value at 'entries' failed",
    ],
    ['cannot parse {"a":["secret"]} here', 'cannot parse … here'],
    ['The queue "orders" is gone.', 'The queue "orders" is gone.'],
  ])('never quotes an entry: %s', (said, kept) => {
    const error = Object.assign(sdkError('ValidationException', 400), { message: said });

    expect(classifyCallFailure(error).message).toBe(kept);
  });
});
