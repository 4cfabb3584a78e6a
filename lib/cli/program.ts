import { Command, CommanderError, type Argument } from 'commander';

import { explain } from './aws/failure.ts';
import { exitCodes, exitCodesText, type CommandSpec, type ExitCode } from './command.ts';
import type { CliContext } from './context.ts';
import { doctor } from './doctor/doctor.ts';
import { inboxDiscard, inboxRedrive } from './inbox/change.ts';
import { inboxAdopt, inboxSkip } from './inbox/gaps.ts';
import { inboxLs, inboxShow } from './inbox/look.ts';
import { commonOptions, type CommonOptions } from './options.ts';
import { permissions } from './permissions.ts';
import { redriveQueue } from './queues/redrive-queue.ts';
import { replay } from './replay/replay.ts';
import { sagaLs, sagaShow } from './saga.ts';
import { schemaCheck, schemaWrite } from './schema/schema.ts';
import { show } from './show.ts';
import { status } from './status/status.ts';
import { sweep } from './sweep.ts';
import { tail } from './tail.ts';
import { guardTerminal } from './terminal.ts';
import { discard, redrive } from './waiting/change.ts';
import { ls } from './waiting/ls.ts';

/** Runs the command: what goes wrong becomes one line and an exit code. */
export async function main(argv: readonly string[], world: CliContext): Promise<ExitCode> {
  const terminal = guardTerminal(world.terminal);
  try {
    return await runProgram(argv, { ...world, terminal });
  } catch (error) {
    terminal.note(`outbox: ${explain(error)}\n`);
    return exitCodes.failed;
  }
}

/** Runs the command that was typed. Usage errors are explained on the terminal. */
async function runProgram(argv: readonly string[], world: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.fine;
  const program = createProgram(world, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has written what it has to say; help is no failure.
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.fine : exitCodes.failed;
  }
}

const about = `Looks after outboxes of cdk-outbox: shows what waits and why, and brings it back.

Every command that changes something first shows what it would do.`;

function createProgram(world: CliContext, done: (code: ExitCode) => void): Command {
  const program = new Command('outbox');
  configure(program, world)
    .description(about)
    .version(world.version)
    .addHelpText('after', `\n${exitCodesText}`);
  for (const option of commonOptions()) program.addOption(option);
  const groups = new Map<string, Command>();
  for (const spec of commands) {
    const [first, second] = spec.name.split(' ');
    const parent =
      second === undefined ? program : groupOf(first ?? '', { program, groups, world });
    parent.addCommand(toCommand(spec, world, done));
  }
  return program;
}

const groupSummaries: Readonly<Record<string, string>> = {
  inbox: 'what inboxes could not handle: the messages in their dead-letter queues',
  saga: 'sagas, what they did and what they wait for',
  schema: 'the events that were agreed on: a check for CI, without AWS',
};

function groupOf(
  name: string,
  { program, groups, world }: { program: Command; groups: Map<string, Command>; world: CliContext },
): Command {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group = configure(new Command(name), world).description(groupSummaries[name] ?? '');
  program.addCommand(group);
  groups.set(name, group);
  return group;
}

function toCommand(spec: CommandSpec, world: CliContext, done: (code: ExitCode) => void): Command {
  const name = spec.name.split(' ').at(-1) ?? spec.name;
  const command = configure(new Command(name), world)
    .summary(spec.summary)
    .description(describe(spec));
  if (spec.takes !== undefined) command.arguments(spec.takes);
  for (const option of spec.options?.(world.clock.now()) ?? []) command.addOption(option);
  return command.addHelpText('after', afterHelp(spec)).action(async () => {
    const options = command.optsWithGlobals<CommonOptions>();
    done(await spec.run({ args: command.args, options }, world));
  });
}

/** Where the help is written to a file or a pipe. */
const usualWidth = 80;

function configure(command: Command, { terminal }: CliContext): Command {
  return command
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      minWidthToWrap: 24,
      // What follows the name tells commands apart; that all have options does not.
      subcommandTerm: (subcommand) =>
        [subcommand.name(), ...subcommand.registeredArguments.map(humanReadableArgument)].join(' '),
    })
    .configureOutput({
      getOutHelpWidth: () => terminal.width ?? usualWidth,
      getErrHelpWidth: () => terminal.width ?? usualWidth,
      writeOut: (text) => {
        terminal.write(text);
      },
      writeErr: (text) => {
        terminal.note(text);
      },
    })
    .showHelpAfterError('(--help says more)');
}

function humanReadableArgument(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function describe({ summary, details }: CommandSpec): string {
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return details === undefined ? sentence : `${sentence}\n\n${details.replaceAll('\n', ' ')}`;
}

function afterHelp({ name, examples }: CommandSpec): string {
  const lines = examples.map((example) => `  ${example}`).join('\n');
  const actions = permissions[name].map((action) => `  ${action}`).join('\n') || '  none';
  return `\nExamples:\n${lines}\n\nIAM actions:\n${actions}`;
}

/** All commands, in the order of the help. */
export const commands: readonly CommandSpec[] = [
  status,
  ls,
  show,
  tail,
  redrive,
  discard,
  replay,
  sweep,
  doctor,
  redriveQueue,
  inboxLs,
  inboxShow,
  inboxRedrive,
  inboxDiscard,
  inboxSkip,
  inboxAdopt,
  schemaCheck,
  schemaWrite,
  sagaLs,
  sagaShow,
];
