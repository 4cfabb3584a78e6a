import type { Terminal } from './terminal.ts';

/** Whether to go on: `--yes` says so, or a person does. Says what is missing where nobody can be asked. */
export async function confirm(
  question: string,
  { yes, terminal }: { yes: boolean; terminal: Terminal },
): Promise<boolean> {
  if (yes) return true;
  if (!terminal.isInteractive) {
    terminal.note('Nothing was changed: this only shows what would be done. Add --yes to do it.\n');
    return false;
  }
  const answer = await terminal.ask(`${question} Type yes to go on: `);
  if (answer.trim().toLowerCase() === 'yes') return true;
  terminal.note('Nothing was changed.\n');
  return false;
}
