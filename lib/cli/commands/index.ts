import type { CommandSpec } from './command.ts';
import { ls } from './ls.ts';
import { show } from './show.ts';
import { status } from './status.ts';
import { sweep } from './sweep.ts';
import { tail } from './tail.ts';

/** All commands, in the order of the help. */
export const commands: readonly CommandSpec[] = [status, ls, show, tail, sweep];
