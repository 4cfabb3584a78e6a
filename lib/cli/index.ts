import type { CommandSpec } from './command.ts';
import { discard } from './waiting/discard.ts';
import { doctor } from './doctor/doctor.ts';
import { inboxAdopt } from './inbox/inbox-adopt.ts';
import { inboxDiscard } from './inbox/inbox-discard.ts';
import { inboxLs } from './inbox/inbox-ls.ts';
import { inboxRedrive } from './inbox/inbox-redrive.ts';
import { inboxShow } from './inbox/inbox-show.ts';
import { inboxSkip } from './inbox/inbox-skip.ts';
import { ls } from './waiting/ls.ts';
import { redriveQueue } from './queues/redrive-queue.ts';
import { redrive } from './waiting/redrive.ts';
import { replay } from './replay/replay.ts';
import { schemaCheck } from './schema/schema-check.ts';
import { schemaWrite } from './schema/schema-write.ts';
import { sagaLs } from './saga-ls.ts';
import { sagaShow } from './saga-show.ts';
import { show } from './show.ts';
import { status } from './status/status.ts';
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
