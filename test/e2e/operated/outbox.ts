import type { CommandResult } from '../../../bin/demo/child.ts';
import type { Clients } from '../../../bin/demo/clients.ts';
import type { TargetAws } from '../../../bin/demo/local-aws.ts';
import { runOutbox } from '../../../bin/demo/outbox-command.ts';
import type { WaitingSummary } from '../../../lib/table/waiting.ts';
import type { StatusFacts } from '../../../lib/cli/status/facts.ts';
import { type OutboxEvent } from '../../../lib/runtime.ts';
import { outboxFrom } from '../../../lib/outbox/settings.ts';
import { openOutbox as openWriter } from '../../../lib/outbox/outbox.ts';
import { clockAhead } from './clock-ahead.ts';
import type { Consumer } from './consumer.ts';

/** What the stack tells of an outbox. */
export interface OutboxFacts {
  /** The environment of those who write to it. */
  readonly writer: Readonly<Record<string, string>>;
  /** Names of its functions. */
  readonly relay: string;
  readonly sweeper: string;
  /** Empty where there is none. */
  readonly archiver: string;
  readonly onFailureQueue: string;
}

/** A row as `outbox ls` shows it. */
export interface WaitingRow extends WaitingSummary {
  readonly event: string;
}

/** An outbox as its service, its operator and its consumers meet it. */
export interface OperatedOutbox extends OutboxFacts {
  readonly table: string;
  readonly shards: number;
  readonly clients: Clients;
  readonly consumers: readonly Consumer[];
  /** Ids of the events that were written, and not cancelled. */
  readonly committed: ReadonlySet<string>;
  /** Writes events, each in a transaction of its own, one after the other. */
  write(...events: readonly OutboxEvent[]): Promise<void>;
  /** Takes a deferred event back. */
  cancel(eventId: string): Promise<void>;
  /** Runs the operator's command, told which outbox is meant. */
  outbox(...commandArguments: readonly string[]): Promise<CommandResult>;
  /** The same, so many milliseconds from now. */
  outboxLater(ms: number, ...commandArguments: readonly string[]): Promise<CommandResult>;
  status(): Promise<StatusFacts>;
  /** What waits. */
  waiting(): Promise<readonly WaitingRow[]>;
}

export function openOutbox(
  { name, stack, ...facts }: OutboxFacts & { name: string; stack: string },
  consumers: readonly Consumer[],
  { aws, clients }: { aws: TargetAws; clients: Clients },
): OperatedOutbox {
  const config = outboxFrom(facts.writer);
  const writer = openWriter(config, { documentClient: clients.documents });
  const committed = new Set<string>();
  const run = (commandArguments: readonly string[], env = aws.env): Promise<CommandResult> =>
    runOutbox([...commandArguments, '--stack', stack, '--outbox', name], { env });
  const outbox: OperatedOutbox['outbox'] = (...commandArguments) => run(commandArguments);
  const json = async (...commandArguments: readonly string[]): Promise<unknown> => {
    const { stdout, stderr } = await outbox(...commandArguments, '--json');
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  };
  return {
    ...facts,
    table: config.tableName,
    shards: config.shards,
    clients,
    consumers,
    outbox,
    outboxLater: (ms, ...commandArguments) =>
      run(commandArguments, { ...aws.env, ...clockAhead(ms) }),
    committed,
    write: async (...events) => {
      for (const event of events) {
        await writer.write({ events: [event] });
        committed.add(event.id);
      }
    },
    cancel: async (eventId) => {
      await writer.write({ events: [], cancel: [eventId] });
      committed.delete(eventId);
    },
    status: async () => (await json('status')) as StatusFacts,
    waiting: async () => {
      const { entries } = (await json('ls')) as { entries: WaitingRow[] };
      return entries;
    },
  };
}
