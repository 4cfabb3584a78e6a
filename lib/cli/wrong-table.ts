import { OutboxError } from '../core/errors.ts';
import { table as names } from '../table/keys.ts';
import { didYouMean } from './names.ts';
import type { Clients } from './aws/clients.ts';
import { isMissing } from './aws/failure.ts';
import { knownTables } from './aws/find-outbox.ts';
import type { OutboxPlace } from './aws/place.ts';

/**
 * What a look at the table answers.
 *
 * @throws OutboxError `TABLE_NOT_FOUND` where there is none, or it is a table of another kind
 */
export async function orWrongTable<T>(
  look: Promise<T>,
  { tableName }: OutboxPlace,
  clients: Clients,
): Promise<T> {
  try {
    return await look;
  } catch (error) {
    const wrong = whatIsWrong(error, tableName);
    if (wrong === undefined) throw error;
    const hint = whichThereAre(tableName, await knownTables(clients));
    throw new OutboxError('TABLE_NOT_FOUND', `${wrong}.${hint}`, {
      facts: { table: tableName },
      cause: error,
    });
  }
}

function whatIsWrong(error: unknown, tableName: string): string | undefined {
  if (isMissing(error)) return `there is no table ${tableName} in this region and account`;
  // So DynamoDB says that a key or an index is not one of the table's.
  const isOther = error instanceof Error && error.name === 'ValidationException';
  return isOther
    ? `table ${tableName} is no outbox table: its keys are not pk and sk, or it has no index ${names.waitingIndex}`
    : undefined;
}

function whichThereAre(tableName: string, tables: readonly string[]): string {
  const hint = didYouMean(tableName, tables);
  if (hint !== '' || tables.length === 0) return hint;
  return ` Tables of outboxes here:\n${tables.map((table) => `  --table ${table}`).join('\n')}`;
}
