import { Option } from 'commander';

import { findInbox } from '../aws/find-inbox.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderDeadLetter } from '../inbox/render.ts';
import { isAskedFor } from '../inbox/selection.ts';
import { toDeadLetter } from '../queues/message.ts';
import { peek } from '../queues/receive.ts';
import { openClientsFor } from '../session.ts';
import { renderData } from '../show/render-event.ts';
import { printJson } from '../view/json.ts';
import type { CommandSpec } from './command.ts';

interface InboxShowOptions {
  readonly data?: true;
}

const mostLookedAt = 10_000;

/** All that is known of a message that an inbox could not handle. */
export const inboxShow: CommandSpec<InboxShowOptions> = {
  name: 'inbox show',
  takes: '<inbox> <message-or-event-id>',
  summary: 'one message that an inbox could not handle',
  details:
    'A queue cannot be searched: looks at its messages until the one is found, which counts as receiving them.',
  options: () => [new Option('--data', 'with the body')],
  examples: ['outbox inbox show Billing 0193e3a0-7b1c-7d3e-8a4f-5b6c7d8e9f00 --data'],
  run: async ({ args: [name = '', id = ''], options }, world) => {
    const { terminal, clock } = world;
    const clients = openClientsFor(options, world);
    const inbox = await findInbox(name, options.stack, clients);
    const { messages } = await peek(inbox.deadLetterQueueUrl, mostLookedAt, clients);
    const message = messages.find((one) => isAskedFor(one, [id], {}));
    if (message === undefined) {
      terminal.note(
        `outbox: the dead-letter queue of inbox ${inbox.name} shows no message ${id}\n`,
      );
      return exitCodes.failed;
    }
    const letter = toDeadLetter(message);
    const isWithData = options.data === true;
    if (options.json === true) {
      printJson(terminal, { ...letter, ...(isWithData ? { body: message.body } : {}) });
    } else {
      terminal.write(`${renderDeadLetter(letter, clock.now())}\n`);
      if (isWithData) terminal.write(`\n${renderData(message.body)}\n`);
    }
    return exitCodes.fine;
  },
};
