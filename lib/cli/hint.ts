import type { CommonOptions } from './options.ts';
import { escapeUnsafe } from './terminal.ts';

/** A command to type next, as it can be pasted: with the options by which the outbox was named this time. */
export function hint(command: string, options: CommonOptions): string {
  const { stack, outbox, table, region, profile, endpointUrl } = options;
  const named = Object.entries({
    '--stack': stack,
    '--outbox': outbox,
    '--table': table,
    '--region': region,
    '--profile': profile,
    '--endpoint-url': endpointUrl,
  });
  const said = named.flatMap(([name, value]) => (value === undefined ? [] : [name, quoted(value)]));
  return [command, ...said].join(' ');
}

/** A text as one word of a shell, whatever is in it. Characters that steer a terminal become escapes of bash and zsh. */
export function quoted(text: string): string {
  const escaped = escapeUnsafe(text.replaceAll('\\', String.raw`\\`));
  if (escapeUnsafe(text) !== text) return `$'${escaped.replaceAll("'", String.raw`\'`)}'`;
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
