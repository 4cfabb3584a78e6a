import { OutboxError } from '../core/errors.ts';

// What every transactor throws alike, whatever database is behind it.

export function tableNotFound(tableNames: readonly string[], cause?: unknown): OutboxError {
  const named = tableNames.length === 1 ? 'table' : 'one of the tables';
  return new OutboxError(
    'TABLE_NOT_FOUND',
    `${named} ${tableNames.join(', ')} does not exist in this account and region: ` +
      'check the name, the region, and that the stack is deployed',
    { facts: { tableNames }, cause },
  );
}

export function tokenMismatch(tableNames: readonly string[], cause?: unknown): OutboxError {
  return new OutboxError(
    'TOKEN_MISMATCH',
    'the token was used within ten minutes for another transaction: repeat the same one, ' +
      'with the same items and event ids, or use a new token',
    { facts: { tableNames }, cause },
  );
}

export function duplicateItem(tableNames: readonly string[], cause?: unknown): OutboxError {
  return new OutboxError(
    'DUPLICATE_ITEM',
    `a transaction takes one action on an item, but two are on the same item (tables: ${tableNames.join(', ')}): ` +
      'make them one, for example a condition check part of the update',
    { facts: { tableNames }, cause },
  );
}
