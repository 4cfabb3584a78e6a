import { describe, expect, it } from 'vitest';

import { commands } from '../../lib/cli/program.ts';
import { permissions } from '../../lib/cli/permissions.ts';
import { run } from './support/run.ts';

describe('outbox', () => {
  it('says what it can do, and what its exit codes say', async () => {
    const { code, out } = await run('--help');

    for (const { name } of commands) expect(out).toContain(`\n  ${name.split(' ')[0] ?? ''}`);
    expect(out).toContain('0  success, no action required');
    expect(code).toBe(0);
  });

  it('is no success without a command', async () => {
    expect(await run('')).toMatchObject({ code: 2, out: '' });
  });

  it('says its version', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, out: '1.2.3\n' });
  });

  it.each([
    ['statsu', 'Did you mean status?'],
    ['ls --sinse 2h', 'Did you mean --since?'],
    ['inbox lss', 'Did you mean ls?'],
    ['ls --since yesterday', 'give a time as'],
    ['redrive --all --rate 0', 'give a whole number from 1 to 10000'],
    ['ls --aggregate 42', 'give its type and id, as order/42'],
    ['ls --type or*der', 'give a type of event'],
    ['discard --all', "required option '--reason <reason>'"],
    ['replay', "required option '--from <time>'"],
    ['show', "missing required argument 'event-or-aggregate'"],
  ])('%s is explained, with exit code 2', async (commandLine, explanation) => {
    const { code, out, notes } = await run(commandLine);

    expect(notes).toContain(explanation);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it.each(commands.map(({ name }) => name))(
    '%s has help with examples of itself and the IAM actions that it uses',
    async (name) => {
      const { code, out } = await run(`${name} --help`);

      expect(out).toContain(`\n  outbox ${name}`);
      for (const action of permissions[name]) expect(out).toContain(`\n  ${action}`);
      expect(code).toBe(0);
    },
  );

  it('breaks the lines of its help at the width of the terminal, and nowhere else', async () => {
    const { out } = await run('discard --help');

    expect(out.replaceAll(/\s+/g, ' ')).toContain('or its consumers would wait');
    expect(out).not.toMatch(/or its consumers\nwould/);
  });
});
