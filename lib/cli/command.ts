import type { Option } from 'commander';

import type { ExitCode } from './exit-codes.ts';
import type { CommonOptions } from './options.ts';
import type { CommandName } from './permissions.ts';
import type { World } from './context.ts';

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
  run(call: Call<Options>, world: World): Promise<ExitCode>;
}

/** What was typed. */
export interface Call<Options extends object = object> {
  readonly args: readonly string[];
  readonly options: Options & CommonOptions;
}
