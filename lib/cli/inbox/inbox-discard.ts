import { Option } from 'commander';

import { changeDeadLetters, type InboxChangeOptions } from './change.ts';
import { deadLetterOptions } from './selection.ts';
import { rateOption, yesOption } from '../options.ts';
import { remove } from '../queues/receive.ts';
import type { CommandSpec } from '../command.ts';

/** Deletes what an inbox could not handle. */
export const inboxDiscard: CommandSpec<InboxChangeOptions> = {
  name: 'inbox discard',
  takes: '<inbox> [message-or-event-id...]',
  summary: 'delete what an inbox could not handle',
  details:
    'It is not handled any more by this inbox; other consumers of the event are not concerned. First shows what would be done.',
  options: () => [
    ...deadLetterOptions(),
    new Option('--all', 'all of its dead-letter queue'),
    rateOption(100),
    yesOption(),
  ],
  examples: [
    'outbox inbox discard Billing 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00',
    'outbox inbox discard Billing --reason MESSAGE_INVALID',
  ],
  run: (call, world) =>
    changeDeadLetters(
      {
        verb: 'discard',
        prepare: ({ queueUrl, clients }) => {
          const startedAt = world.clock.now();
          return Promise.resolve(async (message) => {
            if (message.sentAt > startedAt) return 'arrived';
            await remove(queueUrl, message, clients);
            return 'done';
          });
        },
      },
      call,
      world,
    ),
};
