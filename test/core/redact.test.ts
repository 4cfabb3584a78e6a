import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { OutboxError } from '../../lib/core/errors.ts';
import { framesOf, nameOfError, redact, safeMessage } from '../../lib/core/redact.ts';

const secret = 'jane@example.org';

describe('a redacted message', () => {
  it.each([
    [
      `1 error: Value '[{"a":"'${secret}'"}]' at 'entries' failed`,
      "1 error: Value at 'entries' failed",
    ],
    [`Value '${secret}' at 'a' failed; Value '${secret}' at 'b' failed`, "Value at 'b' failed"],
    [`Value '${secret}`, 'Value at '],
    [`cannot parse {"a":["${secret}"]} here`, 'cannot parse … here'],
    [`cannot parse {"a":["${secret}"`, 'cannot parse …'],
    [
      `Unexpected token 'j', "${secret}" is not valid JSON`,
      "Unexpected token 'j', … is not valid JSON",
    ],
    ['The queue "orders" is gone.', 'The queue "orders" is gone.'],
    ['', ''],
  ])('holds nothing that is quoted: %s', (message, redacted) => {
    expect(redact(message)).toBe(redacted);
  });

  test('holds no value, wherever in a message it is quoted', () => {
    const words = fc.string({
      unit: fc.constantFrom('a', ' ', "'", '{', ']', '\n', 'Value ', ' at '),
    });
    const quote = fc.constantFrom(
      (text: string) => `Value '${text}' at 'x'`,
      (text: string) => `{"name":"${text}"}`,
      (text: string) => `["${text}"]`,
      (text: string) => `"${text}" is not valid JSON`,
    );

    fc.assert(
      fc.property(words, words, quote, (before, after, quoted) => {
        expect(redact(before + quoted(secret) + after)).not.toContain(secret);
      }),
    );
  });

  it.each(["Value '", '{', '"JSON', "' at "])(
    'takes time in proportion to the length of the message: %s',
    (piece) => {
      // A scan that begins anew at each piece takes hours for this.
      expect(redact(piece.repeat(2_000_000)).length).toBeLessThanOrEqual(1024);
    },
  );
});

describe('what an error may say', () => {
  it.each<[string, unknown, string | undefined]>([
    ['of this package', new OutboxError('EVENT_INVALID', 'no'), 'no'],
    ['of a service', Object.assign(new Error('denied'), { $metadata: {} }), 'denied'],
    ['of the network', Object.assign(new Error('refused'), { errno: 1, syscall: 'c' }), 'refused'],
    ['of a handler', new Error(secret), undefined],
    ['of a parser', new SyntaxError(`Unexpected token 'j', "${secret}"`), undefined],
    ['that is text', secret, undefined],
  ])('is its message where that holds no data: an error %s', (_, error, message) => {
    expect(safeMessage(error)).toBe(message);
  });

  it.each<[unknown, string]>([
    [new RangeError(secret), 'RangeError'],
    [Object.assign(new Error(secret), { name: secret }), 'Error'],
    [secret, 'string'],
    [undefined, 'undefined'],
  ])('is its class', (error, name) => {
    expect(nameOfError(error)).toBe(name);
  });

  it.each([secret, `${secret}\n    at ${secret} (x.js:1:1)`, '', 'E'])(
    'is where it was thrown, without the message: %j',
    (message) => {
      const frames = framesOf(new Error(message));

      expect(frames).toMatch(/^ {4}at .*redact\.test\.ts/);
      expect(frames).not.toContain(secret);
    },
  );

  it('is not where it was thrown if the message was changed after that', () => {
    const error = new Error(`a\n    at ${secret}`);
    // Node may write the stack only when it is read.
    expect(error.stack).toContain(secret);
    error.message = 'b';

    expect(framesOf(error)).toBeUndefined();
  });
});
