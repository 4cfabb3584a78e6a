import type { Option } from 'commander';

import type { CliContext } from './context.ts';
import type { CommonOptions } from './options.ts';
import type { CommandName } from './permissions.ts';

/** One command: what it is called, what it takes, and what it does. */
export interface CommandSpec<Options extends object = object> {
  readonly name: CommandName;
  /** Its arguments as the help shows them: `<event-id...>`, `[state]`. */
  readonly takes?: string;
  readonly summary: string;
  /** What the summary leaves out. */
  readonly details?: string;
  options?(now: number): Option[];
  readonly examples: readonly string[];
  run(call: Call<Options>, world: CliContext): Promise<ExitCode>;
}

/** What was typed. */
export interface Call<Options extends object = object> {
  readonly args: readonly string[];
  readonly options: Options & CommonOptions;
}

/** What the command's exit code says to a script. */
export const exitCodes = {
  /** Success, no action required. */
  fine: 0,
  /** Success, and action is required, or a part of it was refused. */
  needsPerson: 1,
  /** It could not be done: wrong usage, no rights, no such thing, no connection. */
  failed: 2,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For the help. */
export const exitCodesText = `Exit codes:
  0  success, no action required
  1  action required, or a part was refused
  2  could not be done: wrong usage, no rights, no such thing, no connection`;
