import { readFileSync } from 'node:fs';

import { documentationPages } from './readme.ts';

/** The pages that are generated name commands in passing: those of the other pages are to be typed. */
const pages = documentationPages.filter((page) => !/(errors|props)\.md$/.test(page));

/** The operator's commands in the pages, as they stand there, each once: all but `tail`, which runs until it is stopped. */
export function documentedCommands(): string[] {
  const texts = pages.map((page) => readFileSync(page, 'utf8'));
  const commands = texts.flatMap((text) => [
    ...text.matchAll(/`(npx outbox [^`]+)`/g),
    ...text.matchAll(/^(npx outbox .+)$/gm),
  ]);
  return [...new Set(commands.map(([, command = '']) => command))].filter(
    (command) => !command.startsWith('npx outbox tail'),
  );
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
