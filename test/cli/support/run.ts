import { expect } from 'vitest';

import type { ClientSettings } from '../../../lib/cli/aws/clients.ts';
import { main } from '../../../lib/cli/program.ts';
import { permissions, type CommandName } from '../../../lib/cli/permissions.ts';
import type { CliContext } from '../../../lib/cli/context.ts';
import type { Clock, NewId } from '../../../lib/core/ports.ts';
import { newId } from '../../../lib/core/system.ts';
import { createVirtualClock } from '../../../lib/testing/virtual-clock.ts';
import { someTime } from '../../support/entries.ts';
import { actionsOf } from './calls.ts';
import { fakeClients, type FakeClients } from './clients.ts';
import { fakeTerminal, type FakeTerminal } from './terminal.ts';

export interface Surroundings {
  readonly clients?: FakeClients;
  readonly terminal?: FakeTerminal;
  readonly clock?: Clock;
  readonly newId?: NewId;
  readonly stop?: AbortSignal;
  /** Called with the settings of each set of clients that the command opens. */
  readonly onOpenClients?: (settings: ClientSettings) => void;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly notes: string;
}

/**
 * Types a command, and answers with what it wrote. Each command that a test types is held to the IAM
 * actions that its help names.
 */
export async function run(commandLine: string, surroundings: Surroundings = {}): Promise<Ran> {
  const { clients = fakeClients({}), terminal = fakeTerminal() } = surroundings;
  const world: CliContext = {
    terminal,
    openClients: (settings) => {
      surroundings.onOpenClients?.(settings);
      return clients;
    },
    clock: surroundings.clock ?? createVirtualClock(someTime),
    random: () => 0.5,
    newId: surroundings.newId ?? newId,
    version: '1.2.3',
    user: 'ann',
    stop: surroundings.stop ?? new AbortController().signal,
  };
  clients.takeCalls();
  terminal.clear();
  const argv = wordsOf(commandLine);
  const code = await main(argv, world);
  expectAllowed(argv, clients.takeCalls().flatMap(actionsOf));
  return { code, out: terminal.out(), notes: terminal.notes() };
}

/** As a shell would: words, and what is between quotes as one. */
function wordsOf(commandLine: string): string[] {
  return Array.from(
    commandLine.matchAll(/'([^']*)'|(\S+)/g),
    ([, quoted, word]) => quoted ?? word ?? '',
  );
}

function expectAllowed(argv: readonly string[], used: readonly string[]): void {
  const names = [argv.slice(0, 2).join(' '), argv[0] ?? ''];
  const name = names.find((one): one is CommandName => one in permissions);
  const allowed: readonly string[] = name === undefined ? [] : permissions[name];
  expect(used.filter((action) => !allowed.includes(action))).toEqual([]);
}
