import { InvalidArgumentError, Option } from 'commander';

import { definedOnly } from '../core/collections.ts';
import { isTypePattern } from '../core/event-types.ts';
import type { Selection } from '../operate/selection.ts';
import type { OutboxName } from './aws/find.ts';
import { escapeUnsafe } from './terminal.ts';

/** What every command takes. */
export interface CommonOptions {
  readonly region?: string;
  readonly profile?: string;
  readonly endpointUrl?: string;
  readonly stack?: string;
  readonly outbox?: string;
  readonly table?: string;
  readonly json?: true;
}

export const commonOptions = (): Option[] => [
  new Option('--stack <name>', 'the CloudFormation stack that the outbox is in'),
  new Option('--outbox <path>', 'its construct path, or the end of it: Shop/Orders/Outbox'),
  new Option('--table <name>', 'its table'),
  new Option('--region <region>', 'same as the AWS CLI'),
  new Option('--profile <name>', 'same as the AWS CLI'),
  new Option('--endpoint-url <url>', 'another endpoint than AWS; else AWS_ENDPOINT_URL'),
  new Option('--json', 'print JSON for scripts'),
];

/** By what the options name an outbox. */
export function outboxNameOf({ stack, outbox: path, table }: CommonOptions): OutboxName {
  return definedOnly({ stack, path, table });
}

/** What picks rows of the waiting room. */
export interface FilterOptions {
  readonly type?: string[];
  readonly aggregate?: string;
  readonly error?: string;
  readonly since?: number;
  readonly until?: number;
}

export const filterOptions = (now: number): Option[] => [
  typeOption(),
  aggregateOption(),
  new Option('--error <code>', 'with this code as its last error'),
  new Option(
    '--since <time>',
    'events from then on: 2026-11-21T04:00Z, or 2h for two hours ago',
  ).argParser(toMoment(now)),
  new Option('--until <time>', 'events before then').argParser(toMoment(now)),
];

export const typeOption = (): Option =>
  new Option(
    '--type <type>',
    'of this type only; order.* for all that begin so; may be given several times',
  ).argParser(toTypes);

export const aggregateOption = (): Option =>
  new Option('--aggregate <type/id>', 'of this aggregate only').argParser(toAggregate);

export const archiveOption = (): Option =>
  new Option(
    '--archive <s3://bucket/prefix>',
    'where the outbox was archived to, where its functions do not say',
  );

export const rateOption = (perSecond: number): Option =>
  new Option('--rate <number>', 'maximum number per second')
    .argParser(toNumber(1, 10_000))
    .default(perSecond);

export const yesOption = (): Option => new Option('--yes', 'make the change without asking');

export function selectionOf(
  { type, ...options }: FilterOptions,
  state: Pick<Selection, 'states' | 'isDiscarding'> = {},
): Selection {
  const { aggregate, error, since, until } = options;
  return { ...state, ...definedOnly({ types: type, aggregate, error, since, until }) };
}

/** Whether any filter was given. */
export function isFiltered({ type, aggregate, error, since, until }: FilterOptions): boolean {
  return [type, aggregate, error, since, until].some((value) => value !== undefined);
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads a moment: a date and time, UTC unless it says otherwise, or how long ago. Epoch milliseconds. */
export function toMoment(now: number): (text: string) => number {
  return (text) => {
    const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
    if (unit !== undefined) return now - Number(amount) * unitMs[unit as keyof typeof unitMs];
    const isDate =
      /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:\d{2})?$/.test(text);
    const hasZone = /(Z|[+-]\d{2}:\d{2})$/.test(text);
    const at = isDate ? Date.parse(hasZone || text.length === 10 ? text : `${text}Z`) : Number.NaN;
    if (Number.isNaN(at)) {
      throw new InvalidArgumentError(
        'give a time as 2026-11-21T04:00Z, or 15m, 2h, 3d for so long ago',
      );
    }
    return at;
  };
}

/** Reads a whole number within bounds. */
export function toNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (text.trim() === '' || !Number.isInteger(number) || number < least || number > most) {
      throw new InvalidArgumentError(`give a whole number from ${least} to ${most}`);
    }
    return number;
  };
}

function toAggregate(text: string): string {
  if (!/^[^/]+\/.+$/s.test(text))
    throw new InvalidArgumentError('give its type and id, as order/42');
  return text;
}

function toTypes(text: string, before: string[] | undefined): string[] {
  if (!isTypePattern(text)) {
    throw new InvalidArgumentError(
      'give a type of event, or the beginning of one and *, as order.*',
    );
  }
  return [...(before ?? []), text];
}

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

/** Quotes any text as one word of a shell. Characters that steer a terminal become escapes of bash and zsh. */
export function quoted(text: string): string {
  const escaped = escapeUnsafe(text.replaceAll('\\', String.raw`\\`));
  if (escapeUnsafe(text) !== text) return `$'${escaped.replaceAll("'", String.raw`\'`)}'`;
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
