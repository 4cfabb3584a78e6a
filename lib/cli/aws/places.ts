import { inboxFromEnvironment, relayFromEnvironment } from '../../core/environment.ts';
import { groupBy } from '../../core/group-by.ts';
import { gapCheckVariable } from '../../table/ordered.ts';
import { definedOnly } from '../../core/pick.ts';
import type { FunctionFacts } from './functions.ts';
import type { InboxPlace, OutboxPlace } from './place.ts';
import type { Stack } from './stack.ts';

/** The outboxes that functions of the package belong to, by their tables. */
export function outboxesOf(functions: readonly FunctionFacts[], stack?: Stack): OutboxPlace[] {
  const own = functions.filter(({ environment }) => 'OUTBOX_DESTINATIONS' in environment);
  const byTable = groupBy(own, ({ environment }) => environment['OUTBOX_TABLE'] ?? '');
  return [...byTable].map(([tableName, parts]) => toOutbox(tableName, parts, stack));
}

/** The inboxes that functions handle. */
export function inboxesOf(functions: readonly FunctionFacts[]): InboxPlace[] {
  return functions
    .filter(({ environment }) => 'INBOX_NAME' in environment && !(gapCheckVariable in environment))
    .map(({ name, environment }) => ({ ...inboxFromEnvironment(environment), handler: name }))
    .map(({ name, handler, tableName, deadLetterQueueUrl, ordered }) => ({
      name,
      handler,
      tableName,
      deadLetterQueueUrl,
      ...definedOnly({ ordered }),
    }));
}

function toOutbox(
  tableName: string,
  parts: readonly FunctionFacts[],
  stack: Stack | undefined,
): OutboxPlace {
  const sweeper = parts.find((part) => isSweeper(part, stack));
  const relay = parts.find((part) => part !== sweeper);
  const config = relayFromEnvironment((relay ?? sweeper)?.environment ?? {});
  return {
    name: config.path ?? tableName,
    tableName,
    config,
    ...definedOnly({
      relay: relay?.name,
      sweeper: sweeper?.name,
      deployedAt: sweeper?.deployedAt,
      stack,
    }),
  };
}

/** The part of an outbox that a function is, at the end of its path. */
const partPattern = /\/(Relay|Sweeper)\/.*$/;

/** By its path; where the app was deployed without paths, by its name, which CloudFormation makes of the path. */
function isSweeper({ name }: FunctionFacts, stack: Stack | undefined): boolean {
  const part = partPattern.exec(pathOf(name, stack) ?? '')?.[1] ?? name;
  return part.includes('Sweeper');
}

function pathOf(functionName: string, stack: Stack | undefined): string | undefined {
  return stack?.resources.find(({ physicalId }) => physicalId === functionName)?.path;
}
