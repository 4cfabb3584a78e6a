/** The one of the names that is most like what was typed, or ends most like it; `undefined` where none is. */
function nearest(typed: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, distance: distanceFromEnd(typed.toLowerCase(), name.toLowerCase()) }))
    .filter((one) => one.distance <= Math.max(2, Math.floor(typed.length / 3)))
    .toSorted((a, b) => a.distance - b.distance);
  return best?.name;
}

/** A path may be typed by its end: `Biling` is near `Shop/Billing`. */
function distanceFromEnd(typed: string, name: string): number {
  const end = name.split('/').slice(-typed.split('/').length).join('/');
  return Math.min(distance(typed, name), distance(typed, end));
}

/** How many letters must be changed, added or removed to make one text of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * The things that a typed name means: those of that very name, else those whose path ends with it, else the same
 * without regard to case.
 *
 * @param namesOf the names of a thing, its full one first
 */
export function findNamed<T>(
  typed: string,
  things: readonly T[],
  namesOf: (thing: T) => readonly string[],
): T[] {
  const lower = typed.toLowerCase();
  const isEnd = (name: string, end: string): boolean => name === end || name.endsWith(`/${end}`);
  const matchers: ((names: readonly string[]) => boolean)[] = [
    ([full]) => full === typed,
    (names) => names.some((name) => isEnd(name, typed)),
    ([full = '']) => full.toLowerCase() === lower,
    (names) => names.some((name) => isEnd(name.toLowerCase(), lower)),
  ];
  const found = matchers.map((matches) => things.filter((thing) => matches(namesOf(thing))));
  return found.find((some) => some.length > 0) ?? [];
}

/** A sentence that offers the nearest name; empty where there is none. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const name = nearest(typed, names);
  return name === undefined ? '' : ` Did you mean ${name}?`;
}
