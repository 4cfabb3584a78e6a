import { readFileSync } from 'node:fs';

/** The pages that say what to type. */
export const pages = ['README.md', 'docs/when-something-is-stuck.md'];

/** The operator's commands in the pages, as they stand there, each once. */
export function documentedCommands(): string[] {
  const texts = pages.map((page) => readFileSync(page, 'utf8'));
  const commands = texts.flatMap((text) => [
    ...text.matchAll(/`(npx outbox [^`]+)`/g),
    ...text.matchAll(/^(npx outbox .+)$/gm),
  ]);
  return [...new Set(commands.map(([, command = '']) => command))];
}

/** The arguments of a command, its `<placeholders>` filled in. Quotes are taken off as a shell does. */
export function argumentsOf(
  command: string,
  values: Readonly<Record<string, string>>,
): readonly string[] {
  const words = command.match(/'[^']*'|\S+/g) ?? [];
  return words
    .slice(2)
    .map((word) => word.replace(/^'(.*)'$/, '$1'))
    .map((word) => word.replace(/<([a-z-]+)>/, (_, name: string) => values[name] ?? name));
}
