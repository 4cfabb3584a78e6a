/** Where the command writes, and whom it asks. */
export interface Terminal {
  /** Writes what was asked for: to standard output, as it is. */
  write(text: string): void;
  /** Writes what is said about it: to standard error, so that a script's pipe stays clean. */
  note(text: string): void;
  /** Writes over the line of standard error that is being shown. */
  overwriteLine(text: string): void;
  /** Clears the screen. */
  clearScreen(): void;
  /** Whether a person sits there, who can be asked and sees progress. */
  readonly isInteractive: boolean;
  /** Columns that standard output has. @default - it is no terminal: lines are as long as they need to be */
  readonly width?: number | undefined;
  /** Asks, and answers with the line that was typed. */
  ask(question: string): Promise<string>;
}

/** Characters that steer a terminal or reorder what it shows; newline and tab are the command's own. */
const unsafe = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u{E0000}-\u{E007F}]/gu;

/** A text whose unsafe characters can be seen: `\u001b` for ESC. In a JSON document it is the same document. */
export function escapeUnsafe(text: string): string {
  return text.replaceAll(unsafe, (character) =>
    Array.from({ length: character.length }, (_, unit) =>
      toEscape(character.charCodeAt(unit)),
    ).join(''),
  );
}

function toEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/**
 * A terminal that shows what data could do to it instead of doing it.
 *
 * Guarantee: no escape sequence, control character or change of direction that an id, a message or an answer of AWS
 * holds reaches the terminal, in text and in JSON. Only the command's own calls move the cursor.
 */
export function guardTerminal(terminal: Terminal): Terminal {
  return {
    isInteractive: terminal.isInteractive,
    get width() {
      return terminal.width;
    },
    write: (text) => {
      terminal.write(escapeUnsafe(text));
    },
    note: (text) => {
      terminal.note(escapeUnsafe(text));
    },
    overwriteLine: (text) => {
      terminal.overwriteLine(escapeUnsafe(text));
    },
    clearScreen: () => {
      terminal.clearScreen();
    },
    ask: (question) => terminal.ask(escapeUnsafe(question)),
  };
}
