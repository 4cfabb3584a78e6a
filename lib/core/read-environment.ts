import { OutboxError } from './errors.ts';

/** Environment variables by which constructs configure functions. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables, each of which must be there. */
export interface Reader {
  text(name: string): string;
  number(name: string): number;
  list<T>(name: string): T[];
}

/**
 * Reads from an environment.
 *
 * @param mend what to do where a variable is missing or wrong
 * @throws OutboxError from its methods: `ENVIRONMENT_MISSING`, `ENVIRONMENT_INVALID`
 */
export function reader(environment: Environment, mend: string): Reader {
  const text = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === '') {
      throw new OutboxError(
        'ENVIRONMENT_MISSING',
        `environment variable ${name} is missing: ${mend}`,
        {
          facts: { variable: name },
        },
      );
    }
    return value;
  };
  const invalid = (name: string, expected: string): OutboxError =>
    new OutboxError(
      'ENVIRONMENT_INVALID',
      `environment variable ${name} must be ${expected}, got ${JSON.stringify(text(name))}: ${mend}`,
      { facts: { variable: name } },
    );
  return {
    text,
    number: (name) => {
      const value = Number(text(name));
      if (!Number.isSafeInteger(value) || value < 1) throw invalid(name, 'a whole number from 1');
      return value;
    },
    list: <T>(name: string): T[] => {
      const value = parseJson(text(name));
      if (!Array.isArray(value) || value.length === 0)
        throw invalid(name, 'a JSON list that is not empty');
      return value as T[];
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
