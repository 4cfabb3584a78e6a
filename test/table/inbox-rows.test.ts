import { expect, test } from 'vitest';

import { isNewMessage, markerToRow, remembersMessage } from '../../lib/table/inbox.ts';

const handled = { inbox: 'billing', eventId: '019aa000-0000-7000-8000-000000000001' };
const now = Date.parse('2026-11-21T04:37:12.345Z');
const marker = markerToRow(handled, { now, dedupeWindowMs: 60_000 });

test('a marker remembers its message for the whole dedupe window, and not much longer', () => {
  expect(remembersMessage(undefined, now)).toBe(false);
  expect(remembersMessage(marker, now)).toBe(true);
  expect(remembersMessage(marker, now + 60_000)).toBe(true);
  expect(remembersMessage(marker, now + 62_000)).toBe(false);
});

test('the condition and the reading of a marker draw the line at the same second', () => {
  for (let at = now + 58_000; at < now + 64_000; at += 100) {
    const { ExpressionAttributeValues } = isNewMessage(at);
    const hasExpired = Number(marker['expiresAt']) < Number(ExpressionAttributeValues[':now']);
    expect(remembersMessage(marker, at)).toBe(!hasExpired);
  }
});

test('each replay of a message counts apart', () => {
  const keys = [undefined, 'r1', 'r2']
    .map((replayId) => (replayId === undefined ? handled : { ...handled, replayId }))
    .map((one) => markerToRow(one, { now, dedupeWindowMs: 1 })['sk']);

  expect(new Set(keys).size).toBe(3);
});
