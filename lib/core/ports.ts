/** Time, as everything here sees it: tests pass a virtual one. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** A number from 0 to below 1. */
export type Random = () => number;

/** Fields of a log line: ids, names and numbers, never payloads. */
export type LogFields = Record<string, unknown>;

/** Where log lines go. A Powertools `Logger` fits. */
export interface Log {
  debug(message: string, fields: LogFields): void;
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}

/** Where metrics go. */
export interface Meter {
  count(metric: string, value: number): void;
  time(metric: string, ms: number): void;
}

/** Makes event ids: UUIDv7 in lower case, of the moment given (epoch milliseconds). */
export type NewId = (epochMs: number) => string;
