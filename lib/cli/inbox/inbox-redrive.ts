import { Option } from 'commander';

import { OutboxError } from '../../core/errors.ts';
import type { Clients } from '../aws/clients.ts';
import { queueOf } from '../aws/find-inbox.ts';
import type { InboxPlace } from '../aws/place.ts';
import { urlOfQueue } from '../aws/queues.ts';
import { changeDeadLetters, type InboxChangeOptions } from './change.ts';
import { deadLetterOptions } from './selection.ts';
import { rateOption, yesOption } from '../options.ts';
import { createMover } from '../queues/move.ts';
import type { CommandSpec } from '../command.ts';

/** Gives what an inbox could not handle back to it. */
export const inboxRedrive: CommandSpec<InboxChangeOptions> = {
  name: 'inbox redrive',
  takes: '<inbox> [message-or-event-id...]',
  summary: 'give what an inbox could not handle back to it',
  details: `First shows what would be done. If it breaks off, the same command does the rest: a message that was sent and not
yet deleted comes twice, and the inbox drops the second. One that the inbox refuses again while this runs is left.`,
  options: () => [
    ...deadLetterOptions(),
    new Option('--all', 'all of its dead-letter queue'),
    rateOption(100),
    yesOption(),
  ],
  examples: [
    'outbox inbox redrive Billing --all',
    'outbox inbox redrive Billing --reason EVENT_INVALID --rate 10 --yes',
    'outbox inbox redrive Billing 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00',
  ],
  run: (call, world) =>
    changeDeadLetters(
      {
        verb: 'redrive',
        prepare: async (queue, { inbox, clients }) => {
          const to = await queueUrlOf(inbox, clients);
          const move = createMover(queue, world.clock.now());
          return async (message) => {
            const did = await move(message, to);
            return did === 'moved' ? 'done' : did;
          };
        },
      },
      call,
      world,
    ),
};

async function queueUrlOf(inbox: InboxPlace, clients: Clients): Promise<string> {
  const queue = await queueOf(inbox, clients);
  if (queue !== undefined) return urlOfQueue(queue, clients);
  throw new OutboxError(
    'OUTBOX_NOT_FOUND',
    `the queue of inbox ${inbox.name} was not found: its handler ${inbox.handler} must have one trigger by a queue. outbox redrive-queue takes the queue as --to`,
    { facts: { inbox: inbox.name, handler: inbox.handler } },
  );
}
