import type { DestinationConfig, RelayConfig } from '../../core/environment.ts';
import { OutboxError } from '../../core/errors.ts';
import { definedOnly } from '../../core/pick.ts';
import type { ReplayRequest } from '../../table/replay.ts';
import { hint, quoted } from '../hint.ts';
import { didYouMean } from '../names.ts';
import type { CommonOptions } from '../options.ts';
import { moment } from '../view/time.ts';

export interface ReplayOptions extends CommonOptions {
  readonly from: number;
  readonly to: number;
  readonly type?: string[];
  readonly aggregate?: string;
  readonly toDestination?: string;
  readonly archive?: string;
  readonly again?: true;
  readonly abandon?: true;
  readonly why: string;
  readonly rate: number;
  readonly yes?: true;
}

/** What is asked for. To whole seconds, so that a person can type the same again. */
export function requestOf(options: ReplayOptions): ReplayRequest {
  const { type: types, aggregate, toDestination: destination } = options;
  const [from, to] = [wholeSeconds(options.from), wholeSeconds(options.to)];
  if (from < to) return { from, to, ...definedOnly({ types, aggregate, destination }) };
  throw new OutboxError(
    'OPTION_INVALID',
    `--from must be before --to, got ${moment(from)} and ${moment(to)}`,
    { facts: { from, to } },
  );
}

/** The destinations meant: the one named, or all. */
export function destinationsOf(
  { destinations }: RelayConfig,
  wanted: string | undefined,
): readonly DestinationConfig[] {
  const meant = destinations.filter(({ name }) => wanted === undefined || name === wanted);
  if (meant.length > 0) return meant;
  const names = destinations.map(({ name }) => name);
  throw new OutboxError(
    'OPTION_INVALID',
    `the outbox has no destination ${wanted ?? ''}, only ${names.join(', ')}.${didYouMean(wanted ?? '', names)}`,
    { facts: { destination: wanted, destinations: names } },
  );
}

/** The command that asks for the same, whenever it is typed, of the outbox that the options name. */
export function commandAgain(request: ReplayRequest, options: ReplayOptions): string {
  const { archive } = options;
  const from = archive === undefined ? '' : ` --archive ${quoted(archive)}`;
  return hint(`${commandFor(request)}${from}`, options);
}

/** The command that asks for something. */
export function commandFor({ from, to, types, aggregate, destination }: ReplayRequest): string {
  const parts = [
    `outbox replay --from ${moment(from)} --to ${moment(to)}`,
    ...(types ?? []).map((type) => `--type ${quoted(type)}`),
    ...(aggregate === undefined ? [] : [`--aggregate ${quoted(aggregate)}`]),
    ...(destination === undefined ? [] : [`--to-destination ${quoted(destination)}`]),
  ];
  return parts.join(' ');
}

function wholeSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000) * 1000;
}
