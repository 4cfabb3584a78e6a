/** Where the command writes, and whom it asks. */
export interface Terminal {
  /** Writes what was asked for: to standard output, as it is. */
  write(text: string): void;
  /** Writes what is said about it: to standard error, so that a script's pipe stays clean. */
  note(text: string): void;
  /** Whether a person sits there, who can be asked and sees progress. */
  readonly isInteractive: boolean;
  /** Asks, and answers with the line that was typed. */
  ask(question: string): Promise<string>;
}
