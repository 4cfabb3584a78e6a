/**
 * A service's error message without what it may quote of an entry.
 *
 * AWS repeats the offending input in validation errors (`Value '…' at 'entries' failed …`), and a
 * message of the outbox holds the user's data, which belongs in no log and no error.
 */
export function redact(message: string): string {
  return message.replace(/Value '.*' at /gs, 'Value at ').replace(/[{[].*[}\]]/gs, '…');
}
