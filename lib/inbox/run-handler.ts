import { openTransaction, type Collected, type InboxTransaction } from './collect.ts';
import type { CommitPorts } from './commit-once.ts';
import { handledBy } from './marker.ts';
import type { Handling } from './way.ts';

/** What a handler answered with, and what it wants written. */
export interface HandlerRun<Answer> {
  readonly answer: Answer;
  readonly collected: Collected;
}

/** Runs a handler with a transaction that takes what it writes until it has ended. */
export async function runHandler<Answer>(
  handler: (tx: InboxTransaction) => Promise<Answer> | Answer,
  { message, log }: Handling,
  { config, writer }: CommitPorts,
): Promise<HandlerRun<Answer>> {
  const { tx, collected, close } = openTransaction({
    handled: handledBy(config.name, message),
    tableName: config.tableName,
    hasOutbox: writer !== undefined,
    log,
  });
  try {
    return { answer: await handler(tx), collected };
  } finally {
    close();
  }
}
