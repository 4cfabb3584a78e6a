import { isEventId, parsePageKey, type Key } from '../table/keys.ts';

/** What a person may name: an event, an aggregate, or a row of a page that is no valid entry. */
export type Reference =
  | { readonly kind: 'event'; readonly eventId: string }
  | { readonly kind: 'aggregate'; readonly aggregate: string }
  | { readonly kind: 'row'; readonly key: Key };

/** Reads what a person named; `undefined` where it is nothing of the kind. An event id may be in upper case. */
export function readReference(text: string): Reference | undefined {
  const lower = text.trim().toLowerCase();
  if (isEventId(lower)) return { kind: 'event', eventId: lower };
  const slash = text.indexOf('/');
  if (slash < 1 || slash === text.length - 1) return undefined;
  const [pk, sk] = [text.slice(0, slash), text.slice(slash + 1)];
  return parsePageKey(pk) === undefined
    ? { kind: 'aggregate', aggregate: text }
    : { kind: 'row', key: { pk, sk } };
}
