import { explain, unlessMissing } from '../aws/failure.ts';

/** What a check found. */
export interface Finding {
  /** `unknown`: it could not be looked at. */
  readonly severity: 'ok' | 'warning' | 'problem' | 'unknown';
  /** What was looked at. */
  readonly about: string;
  readonly what: string;
  /** What to do about it, ready to paste where it is a command. */
  readonly nextStep?: string;
}

export function ok(about: string, what: string): Finding {
  return { severity: 'ok', about, what };
}

export function warning(about: string, what: string, nextStep: string): Finding {
  return { severity: 'warning', about, what, nextStep };
}

export function problem(about: string, what: string, nextStep: string): Finding {
  return { severity: 'problem', about, what, nextStep };
}

function unknown(about: string, what: string): Finding {
  return { severity: 'unknown', about, what };
}

/** What a check finds; where it fails, that its subject could not be looked at: the other checks go on. */
export async function orUnknown(
  about: string,
  check: () => Promise<readonly Finding[]>,
): Promise<Finding[]> {
  try {
    return [...(await check())];
  } catch (error) {
    return [unknown(about, `could not be looked at: ${explain(error)}`)];
  }
}

/** What a check needs to know first: nothing where there is no such thing; or a finding that it could not be looked at. */
export async function seek<T>(
  about: string,
  look: () => Promise<T | undefined>,
): Promise<{ readonly found?: T; readonly findings: Finding[] }> {
  let found: T | undefined;
  const findings = await orUnknown(about, async () => {
    found = await unlessMissing(look);
    return [];
  });
  return found === undefined ? { findings } : { found, findings };
}

/** The findings; or that all is well, where there is none. */
export function orWell(findings: readonly Finding[], about: string, what: string): Finding[] {
  return findings.length === 0 ? [ok(about, what)] : [...findings];
}
