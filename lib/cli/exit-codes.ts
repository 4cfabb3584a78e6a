/** What the command's exit code says to a script. */
export const exitCodes = {
  /** It was done; nothing needs anybody. */
  fine: 0,
  /** It was done, and something needs a person, or a part of it was refused. */
  needsPerson: 1,
  /** It could not be done: wrong usage, no rights, no such thing, no connection. */
  failed: 2,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For the help. */
export const exitCodesText = `Exit codes:
  0  done, and nothing needs anybody
  1  something needs a person, or a part was refused
  2  could not be done: wrong usage, no rights, no such thing, no connection`;
