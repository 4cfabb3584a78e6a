import { Option } from 'commander';

import {
  discardEntries as discardRow,
  redriveEntries as redriveRow,
  redriveBlocker,
} from '../../operate/change.ts';
import { callerIdentity } from '../aws/functions.ts';
import type { CommandSpec } from '../command.ts';
import { filterOptions, rateOption, yesOption } from '../options.ts';
import { openSession } from '../session.ts';
import { changeRows, type ChangeOptions } from './change-rows.ts';

interface RedriveOptions extends ChangeOptions {
  readonly reason: string;
}

/** Gives parked entries another round. */
export const redrive: CommandSpec<RedriveOptions> = {
  name: 'redrive',
  takes: '[event-or-aggregate-or-state...]',
  summary: 'retry parked entries',
  details: `The sweeper delivers it within a minute, an aggregate's events in sequence. First shows what would be done.
If it breaks off, the same command does the rest.`,
  options: (now) => [
    ...filterOptions(now),
    new Option(
      '--state <state>',
      'what is in this state instead of parked: retrying is tried at once',
    ),
    new Option('--all', 'all that is parked'),
    new Option('--reason <reason>', 'recorded in the audit log').default('', 'none'),
    rateOption(100),
    yesOption(),
  ],
  examples: [
    'outbox redrive 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00',
    'outbox redrive order/42',
    'outbox redrive --type order.* --error AccessDeniedException --yes',
    'outbox redrive --all --rate 20',
  ],
  run: async ({ args, options }, world) => {
    const session = await openSession(options, world);
    const destinations = (session.place.config?.destinations ?? []).map(({ name }) => name);
    const command = {
      verb: 'redrive' as const,
      whyNot: redriveBlocker,
      prepare: async () => {
        const by = await callerIdentity(session.clients, world);
        return redriveRow({ by, reason: options.reason }, destinations, session);
      },
      then: { what: 'The sweeper delivers within a minute; at once', command: 'outbox sweep' },
    };
    return changeRows(command, { names: args, options }, { session, world });
  },
};

interface DiscardOptions extends ChangeOptions {
  readonly reason: string;
  readonly skipNotice: boolean;
}

/** Discards waiting entries, and records it in the audit log. */
export const discard: CommandSpec<DiscardOptions> = {
  name: 'discard',
  takes: '[event-or-aggregate-or-state...]',
  summary: 'discard waiting entries, with a record in the audit log',
  details: `It is not delivered any more. Of an event with a sequence a skip notice is delivered in its place, or its consumers
would wait for that sequence for ever; until then it stays in the waiting room as discarding. Where its destination is
gone for good, --no-skip-notice finishes it without. First shows what would be done.
If it breaks off, the same command does the rest.`,
  options: (now) => [
    ...filterOptions(now),
    new Option('--state <state>', 'what is in this state instead of parked'),
    new Option('--all', 'all that is parked'),
    new Option('--reason <reason>', 'recorded in the audit log').makeOptionMandatory(),
    new Option('--no-skip-notice', 'without skip notices, where no consumer minds the sequence'),
    rateOption(100),
    yesOption(),
  ],
  examples: [
    "outbox discard 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00 --reason 'test order'",
    "outbox discard --type audit.* --reason 'no longer consumed' --yes",
  ],
  run: async ({ args, options }, world) => {
    const session = await openSession(options, world);
    const command = {
      verb: 'discard' as const,
      whyNot: () => undefined,
      prepare: async () => {
        const by = await callerIdentity(session.clients, world);
        return discardRow({ by, reason: options.reason, notice: options.skipNotice }, session);
      },
    };
    return changeRows(command, { names: args, options }, { session, world });
  },
};
