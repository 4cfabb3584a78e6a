import type { Row } from '../contract/entry.ts';
import type { ActionRequest } from '../runtime/transaction/action.ts';
import { notUnderstood, readName, readValue } from './expression.ts';

/**
 * An item after the update that a request asks for.
 *
 * Understands `SET name = :value, …` and `REMOVE name, …`.
 *
 * @throws OutboxError `OPTION_INVALID` for anything else
 */
export function applyUpdate(item: Row, request: ActionRequest): Row {
  const { UpdateExpression: expression = '' } = request;
  const sections = expression.split(/\b(?=SET\s|REMOVE\s)/).filter((section) => section !== '');
  const changes = sections.flatMap((section) => changesOf(section, request));
  const after = { ...item, ...Object.fromEntries(changes) };
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== undefined));
}

type Change = readonly [name: string, value: unknown];

function changesOf(section: string, request: ActionRequest): Change[] {
  const [, verb, list] = /^(SET|REMOVE)\s+(.+)$/s.exec(section) ?? [];
  if (verb === undefined || list === undefined) throw notUnderstood(section);
  return list.split(',').map((part) => (verb === 'SET' ? setting : removal)(part, request));
}

function setting(part: string, request: ActionRequest): Change {
  const [, name, value] = /^\s*([#\w]+)\s*=\s*(:\w+)\s*$/.exec(part) ?? [];
  if (name === undefined || value === undefined) throw notUnderstood(`SET ${part}`);
  return [readName(name, request), readValue(value, request)];
}

function removal(part: string, request: ActionRequest): Change {
  const [, name] = /^\s*([#\w]+)\s*$/.exec(part) ?? [];
  if (name === undefined) throw notUnderstood(`REMOVE ${part}`);
  return [readName(name, request), undefined];
}
