import { beforeAll, describe, expect, it } from 'vitest';

import { poll } from '../../../bin/demo/poll.ts';
import { argumentsOf, documentedCommands } from '../../support/documented-commands.ts';
import type { Operated } from '../operated/deploy.ts';
import { ParcelLost, ParcelSent } from '../operated/events.ts';
import { limitMessages, smallestLimit } from '../operated/queue.ts';

/** What the documentation says to type. */
export function describePages(deployed: () => Operated): void {
  describe('a command of the pages', () => {
    const stuck = ParcelSent('stuck', { note: 'x'.repeat(smallestLimit) });
    const lost = ParcelLost('lost', { note: '' });
    const valuesOf = ({ twoWays, undelivered }: Operated): Record<string, string> => ({
      command: 'redrive',
      'event-id': stuck.id,
      aggregate: stuck.aggregate,
      destination: 'partner',
      inbox: 'parcels',
      'message-id': lost.id,
      queue: undelivered,
      'on-failure-queue': twoWays.onFailureQueue,
    });

    beforeAll(async () => {
      const { twoWays, clients } = deployed();
      const [, partner] = twoWays.consumers;
      await limitMessages(partner!.queueUrl, clients.queues, smallestLimit);
      await twoWays.write(stuck, lost);
      await poll(async () => (await parkedIn(twoWays)).includes(stuck.id) || undefined, {
        until: 'the event is parked',
      });
      await poll(async () => (await lettersIn(twoWays)).includes(lost.id) || undefined, {
        until: 'the message is in the dead-letter queue',
      });
    });

    it.each(documentedCommands())('runs: %s', async (command) => {
      const { twoWays } = deployed();

      const result = await twoWays.outbox(...argumentsOf(command, valuesOf(deployed())));

      expect(result).toMatchObject({ exitCode: expect.toBeOneOf([0, 1]) as number });
      expect(result.stderr).not.toMatch(/^(error|outbox):/m);
    });
  });
}

async function parkedIn(outbox: Operated['twoWays']): Promise<string[]> {
  const waiting = await outbox.waiting();
  return waiting.filter(({ state }) => state === 'parked').map(({ event }) => event);
}

async function lettersIn(outbox: Operated['twoWays']): Promise<(string | undefined)[]> {
  const { stdout } = await outbox.outbox('inbox', 'ls', 'parcels', '--json');
  const { messages } = JSON.parse(stdout) as { messages: { eventId?: string }[] };
  return messages.map(({ eventId }) => eventId);
}
