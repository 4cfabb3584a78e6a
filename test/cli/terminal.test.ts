import { describe, expect, it } from 'vitest';

import { quoted } from '../../lib/cli/options.ts';
import { escapeUnsafe, guardTerminal } from '../../lib/cli/terminal.ts';
import { printable } from '../../lib/cli/view/table.ts';
import { refuses } from '../support/world.ts';
import { createLocalOutbox } from './support/local-outbox.ts';
import { fakeTerminal } from './support/terminal.ts';

/** What a terminal or a reader could be deceived by: ESC, BEL, CR, DEL, C1, bidi marks, line separators, tags. */
const unsafe: readonly (readonly [character: string, escaped: string])[] = [
  ['\u001b', String.raw`\u001b`],
  ['\u0007', String.raw`\u0007`],
  ['\b', String.raw`\u0008`],
  ['\r', String.raw`\u000d`],
  ['\u0000', String.raw`\u0000`],
  ['\u007f', String.raw`\u007f`],
  ['\u0085', String.raw`\u0085`],
  ['\u009b', String.raw`\u009b`],
  ['\u061c', String.raw`\u061c`],
  ['\u200f', String.raw`\u200f`],
  ['\u202e', String.raw`\u202e`],
  ['\u2066', String.raw`\u2066`],
  ['\u2028', String.raw`\u2028`],
  ['\u{e0041}', String.raw`\udb40\udc41`],
];
const everything = unsafe.map(([character]) => character).join('');
const deceives = new RegExp(`[${everything}]`, 'u');

describe('a text from elsewhere', () => {
  it.each(unsafe)('shows %j as an escape', (character, escaped) => {
    expect(escapeUnsafe(`a${character}b`)).toBe(`a${escaped}b`);
  });

  it.each(['two\nlines\twith a tab', 'Grüße, 訂單 👩‍👩‍👧 مرحبا', '{"a":"b"}', ''])(
    'stays as it is where it is harmless: %j',
    (text) => {
      expect(escapeUnsafe(text)).toBe(text);
    },
  );

  it('is the same JSON document once escaped', () => {
    const value = { [everything]: [everything] };

    expect(JSON.parse(escapeUnsafe(JSON.stringify(value, undefined, 2)))).toEqual(value);
  });

  it('takes one line in a table', () => {
    expect(printable('a\nb\tc\u001b')).toBe(String.raw`a\nb\tc\u001b`);
  });

  it.each([
    ["it's\u001b[2J", String.raw`$'it\'s\u001b[2J'`],
    [String.raw`a\b${'\u202e'}`, String.raw`$'a\\b\u202e'`],
    [String.raw`a\b`, String.raw`'a\b'`],
  ])('can be pasted into a shell: %j', (text, word) => {
    expect(quoted(text)).toBe(word);
  });
});

it.each(['write', 'note', 'overwriteLine', 'ask'] as const)(
  'a guarded terminal lets nothing through that deceives: %s',
  async (method) => {
    const terminal = fakeTerminal(['yes']);

    await guardTerminal(terminal)[method](everything.replaceAll('\r', ''));

    const shown = (terminal.out() + terminal.notes()).replace(/^\r/, '');
    expect(shown).toContain(String.raw`\u001b`);
    expect(shown).not.toMatch(deceives);
  },
);

describe('the command, where an aggregate id holds what deceives', () => {
  const aggregate = `order/a${everything.replaceAll('\u0000', '')}b`;

  it.each([
    'ls',
    'ls --json',
    'status',
    'status --json',
    'show EVENT',
    'show EVENT --data',
    'show EVENT --json',
    'show EVENT --json --data',
    `show '${aggregate}'`,
    `show '${aggregate}' --json`,
    'redrive EVENT',
    "discard EVENT --reason 'no'",
  ])('%j writes escapes', async (typed) => {
    const world = await createLocalOutbox();
    world.script.decide = refuses('MalformedDetail');
    const data = JSON.stringify({ name: everything });
    const [entry] = await world.deliver({ aggregate, data });

    const { out, notes } = await world.outbox(typed.replace('EVENT', entry!.id));

    expect(out).not.toMatch(deceives);
    expect(notes).not.toMatch(deceives);
    if (!typed.startsWith('status')) expect(out + notes).toContain(String.raw`\u001b`);
  });
});
