/** What a check found. */
export interface Finding {
  /** `unknown`: it could not be looked at. */
  readonly severity: 'ok' | 'warning' | 'problem' | 'unknown';
  /** What was looked at. */
  readonly about: string;
  readonly what: string;
  /** What mends it. */
  readonly mend?: string;
}

export function ok(about: string, what: string): Finding {
  return { severity: 'ok', about, what };
}

export function warning(about: string, what: string, mend: string): Finding {
  return { severity: 'warning', about, what, mend };
}

export function problem(about: string, what: string, mend: string): Finding {
  return { severity: 'problem', about, what, mend };
}

export function unknown(about: string, what: string): Finding {
  return { severity: 'unknown', about, what };
}

/** The findings; or that all is well, where there is none. */
export function orWell(findings: readonly Finding[], about: string, what: string): Finding[] {
  return findings.length === 0 ? [ok(about, what)] : [...findings];
}
