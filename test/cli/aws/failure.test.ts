import { describe, expect, it } from 'vitest';

import { explain, explainShortly, isPassing } from '../../../lib/cli/aws/failure.ts';
import { OutboxError } from '../../../lib/core/errors.ts';
import { awsError } from '../support/clients.ts';

const systemError = (code: string, message = code): Error =>
  Object.assign(new Error(message), { code });

function rethrow(error: unknown): never {
  throw error;
}

function caught(fail: () => unknown): unknown {
  try {
    return fail();
  } catch (error) {
    return error;
  }
}

describe('what went wrong', () => {
  it.each<[string, Error, string]>([
    ['no credentials', awsError('CredentialsProviderError'), 'Log in, or name a profile'],
    ['an expired token', awsError('ExpiredTokenException'), 'Log in again'],
    ['no rights', awsError('AccessDeniedException'), 'The help of each command lists'],
    ['no such thing', awsError('ResourceNotFoundException'), 'Is it the right region and account'],
    ['no region', new Error('Region is missing'), 'Give --region'],
    ['a wrong endpoint', systemError('ERR_INVALID_URL', 'Invalid URL'), '--endpoint-url'],
    ['a refused connection', systemError('ECONNREFUSED'), 'does what is left'],
    ['an unknown host', systemError('ENOTFOUND'), 'Check the network, --region'],
    ['https where http is spoken', systemError('EPROTO'), '--endpoint-url'],
    ['a time-out', awsError('TimeoutError'), 'Check the network'],
    ['throttling', awsError('ThrottlingException'), 'lower --rate'],
    ['trouble at AWS', awsError('InternalServerError'), 'does what is left'],
  ])('of %s comes with what to do', (_, error, advice) => {
    expect(explain(error)).toContain(`: ${error.message}. `);
    expect(explain(error)).toContain(advice);
    expect(explainShortly(error)).not.toContain(advice);
  });

  it('is said by the code where the error itself says nothing, as of a host with several addresses', () => {
    const error = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });

    expect(explain(error)).toContain('no connection to AWS: ECONNREFUSED. ');
  });

  it('ends its sentences once', () => {
    const error = awsError('QueueDoesNotExist', 'The specified queue does not exist.');

    expect(explain(error)).toContain('does not exist. Is it');
  });

  it('shows names, codes and ids of an unforeseen error', () => {
    const odd = Object.assign(awsError('OddException', 'odd'), {
      $metadata: { httpStatusCode: 400, requestId: 'r-1' },
    });

    expect(explain(odd)).toBe(
      'OddException (HTTP 400, request r-1), whose message is not shown: it may quote data of an event',
    );
    expect(explain('odd')).toBe('unknown failure: a string was thrown');
  });

  it('is told as it is where a system call failed: it names a file', () => {
    const error = Object.assign(systemError('ENOENT', "ENOENT: open 'a.json'"), {
      syscall: 'open',
    });

    expect(explain(error)).toBe("Error: ENOENT: open 'a.json'");
  });

  it.each<[string, () => unknown]>([
    ['text that is no JSON', () => JSON.parse('{"name":CANARY}') as unknown],
    ['a refused item', () => rethrow(awsError('ValidationException', 'value: {"S":"CANARY"}'))],
    ['a refused message', () => rethrow(awsError('InvalidMessageContents', 'CANARY'))],
    ['a property of data', () => rethrow(new TypeError("Cannot read 'CANARY'"))],
    ['something that is no error', () => rethrow('CANARY')],
    ['an object that is no error', () => rethrow({ toString: () => 'CANARY' })],
  ])('shows no data of an event where the error is of %s', (_, fail) => {
    const error = caught(fail);

    expect(explain(error)).not.toBe('');
    expect(`${explain(error)} ${explainShortly(error)}`).not.toContain('CANARY');
  });

  it('is what our own errors say of it', () => {
    const error = new OutboxError('OPTION_INVALID', 'ECONNRESET is no option', { details: {} });

    expect(explain(error)).toBe('ECONNRESET is no option');
    expect(isPassing(error)).toBe(false);
  });

  it('passes by itself where it is the network, throttling or AWS', () => {
    const errors = [
      systemError('ECONNRESET'),
      awsError('ThrottlingException'),
      awsError('ServiceUnavailable'),
    ];

    expect(errors.map(isPassing)).toEqual([true, true, true]);
    expect(isPassing(awsError('AccessDenied'))).toBe(false);
    expect(isPassing(awsError('OddException'))).toBe(false);
  });
});
