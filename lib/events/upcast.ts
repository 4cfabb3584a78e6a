import { OutboxError } from '../core/errors.ts';

/** Whatever `JSON.parse` gave: data of an old version, whose schema is no longer at hand. */
export type ParsedJson = ReturnType<typeof JSON.parse>;

/** By old version: turns data of that version into data of the next one. */
export type Upcasts = Readonly<Record<number, (old: ParsedJson) => unknown>>;

/**
 * Checks that every old version has a way to the current one: each upcast takes one step, so from the
 * oldest version on none may be missing.
 *
 * @throws OutboxError `OPTION_INVALID`
 */
export function checkUpcasts(contract: { type: string; version: number; upcast: Upcasts }): void {
  const problem = problemWith(contract);
  if (problem === undefined) return;
  const { type, version, upcast } = contract;
  throw new OutboxError('OPTION_INVALID', `upcast of ${type} (version ${version}) ${problem}`, {
    facts: { type, version, upcasts: Object.keys(upcast) },
  });
}

function problemWith({
  version,
  upcast,
}: {
  version: number;
  upcast: Upcasts;
}): string | undefined {
  const listed = Object.keys(upcast).map(Number);
  const isOld = (old: number): boolean => Number.isSafeInteger(old) && old >= 1 && old < version;
  const strange = listed.find((old) => !isOld(old));
  if (strange !== undefined) return `must list versions from 1 to ${version - 1}, got ${strange}`;
  const missing = versionsBetween(Math.min(...listed, version), version).find(
    (old) => typeof upcast[old] !== 'function',
  );
  return missing === undefined
    ? undefined
    : `ends at version ${missing}: add the step from ${missing} to ${missing + 1}`;
}

function versionsBetween(oldest: number, current: number): number[] {
  return Array.from({ length: current - oldest }, (_, step) => oldest + step);
}
