import { limits } from './limits.ts';

const typePattern = /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/;
const aggregateTypePattern = /^[A-Za-z][A-Za-z0-9._-]*$/;

/** Whether `type` can name an event: letters, digits and `._:/-`, at most 128 characters (EventBridge's detail type). */
export function isEventType(type: string): boolean {
  return type.length <= limits.eventBus.maxTypeChars && typePattern.test(type);
}

/** Whether `type` can name a kind of aggregate. It holds no `/`, which parts it from the id. */
export function isAggregateType(type: string): boolean {
  return aggregateTypePattern.test(type);
}

/** Which types of event a destination or an inbox takes: exact names, or a prefix and `*`. All, if it says nothing. */
export type TypeFilter = readonly string[];

/** Whether a filter takes a type. */
export function matchesType(filter: TypeFilter | undefined, type: string): boolean {
  return filter === undefined || filter.some((pattern) => matchesPattern(pattern, type));
}

/** Whether there can be a type that both filters take. */
export function shareTypes(one: TypeFilter | undefined, other: TypeFilter | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  return one.some((a) => other.some((b) => sharePattern(a, b)));
}

function sharePattern(a: string, b: string): boolean {
  const [prefixA, prefixB] = [a.replace(/\*$/, ''), b.replace(/\*$/, '')];
  return matchesPattern(a, prefixB) || matchesPattern(b, prefixA);
}

/** Whether `pattern` is an event type, or a prefix of one followed by `*`. */
export function isTypePattern(pattern: string): boolean {
  return pattern === '*' || isEventType(pattern.replace(/\*$/, ''));
}

function matchesPattern(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}
