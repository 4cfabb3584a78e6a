import { Option } from 'commander';

import { tailEvents as follow, type TailLine } from '../operate/tail.ts';
import { exitCodes, type CommandSpec } from './command.ts';
import { toMoment, toNumber } from './options.ts';
import { patiently } from './patience.ts';
import { openSession } from './session.ts';
import { printJsonLine, moment } from './view/format.ts';
import { printable, wrapText } from './view/table.ts';

interface TailOptions {
  readonly since: number;
  readonly every: number;
}

/** Events as they are written and delivered. */
export const tail: CommandSpec<TailOptions> = {
  name: 'tail',
  summary: 'events as they are written and delivered, until Ctrl-C',
  details:
    'Asks each shard of the current pages what is new: with 16 shards some 64 small reads each time. With --json a line is a JSON document.',
  options: (now) => [
    new Option('--since <time>', 'from then on').argParser(toMoment(now)).default(now, 'now'),
    new Option('--every <seconds>', 'how often to look').argParser(toNumber(1, 60)).default(2),
  ],
  examples: [
    'outbox tail',
    'outbox tail --since 5m',
    'outbox tail --json | jq \'select(.what == "waiting")\'',
  ],
  run: async ({ options }, world) => {
    const { store } = await openSession(options, world);
    const { terminal, clock, stop } = world;
    const { since, every } = options;
    const patient: Pick<typeof store, 'readSince'> = {
      readSince: (page, from) => patiently(() => store.readSince(page, from), world),
    };
    for await (const line of follow(patient, clock, { since, everyMs: every * 1000, stop })) {
      if (options.json === true) printJsonLine(terminal, line);
      else terminal.write(`${wrapText(renderLine(line), terminal.width, '    ')}\n`);
    }
    return exitCodes.fine;
  },
};

function renderLine({ at, what, eventId, type, aggregate, sequence }: TailLine): string {
  const place = sequence === undefined ? (aggregate ?? '') : `${aggregate ?? ''} #${sequence}`;
  return printable([moment(at), what.padEnd(9), eventId, type ?? '', place].join('  ')).trimEnd();
}
