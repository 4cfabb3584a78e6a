import type { CommandSpec } from './command.ts';
import { discard } from './discard.ts';
import { doctor } from './doctor.ts';
import { inboxAdopt } from './inbox-adopt.ts';
import { inboxDiscard } from './inbox-discard.ts';
import { inboxLs } from './inbox-ls.ts';
import { inboxRedrive } from './inbox-redrive.ts';
import { inboxShow } from './inbox-show.ts';
import { inboxSkip } from './inbox-skip.ts';
import { ls } from './ls.ts';
import { redriveQueue } from './redrive-queue.ts';
import { redrive } from './redrive.ts';
import { replay } from './replay.ts';
import { schemaCheck } from './schema-check.ts';
import { schemaWrite } from './schema-write.ts';
import { sagaLs } from './saga-ls.ts';
import { sagaShow } from './saga-show.ts';
import { show } from './show.ts';
import { status } from './status.ts';
import { sweep } from './sweep.ts';
import { tail } from './tail.ts';

/** All commands, in the order of the help. */
export const commands: readonly CommandSpec[] = [
  status,
  ls,
  show,
  tail,
  redrive,
  discard,
  replay,
  sweep,
  doctor,
  redriveQueue,
  inboxLs,
  inboxShow,
  inboxRedrive,
  inboxDiscard,
  inboxSkip,
  inboxAdopt,
  schemaCheck,
  schemaWrite,
  sagaLs,
  sagaShow,
];
