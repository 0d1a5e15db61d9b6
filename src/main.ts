/** The process: arguments in, one command run, its exit code out. */
import { Command, CommanderError, Option } from 'commander';
import {
  COMMAND_NAMES,
  COMMANDS,
  type CommandName,
  describeCommand,
  OPTIONS_FOOTER,
  ROOT_EXAMPLES,
  ROOT_FOOTER,
} from './cli/options/commands.js';
import { isSwitchedOn, readConfig, readOptionVariable } from './cli/options/environment.js';
import { checkCombinations, collectOptions, type Options, optionsFor } from './cli/options/options.js';
import { createStop, EXIT, type ExitCode, FatalError, type Stop } from './model/stop.js';
import { VERSION } from './storage/version.js';
import { flushStdoutOrWarn, hasWrittenJson, writeJson } from './terminal/stdout.js';
import { escapeInvisible } from './text/visible.js';

/** What a command is given, and the exit code that it returns. */
type Run = (args: readonly string[], options: Options) => Promise<ExitCode>;

/** Loaded when it is run: --help and --version must not wait for an HTTP client. */
const LOAD: Readonly<Record<CommandName, () => Promise<Run>>> = {
  apply: async () => (await import('./commands/apply.js')).apply,
  plan: async () => (await import('./commands/apply.js')).plan,
  members: async () => (await import('./commands/members.js')).members,
  validate: async () => (await import('./commands/validate.js')).validate,
  doctor: async () => (await import('./commands/doctor.js')).doctor,
  export: async () => (await import('./commands/export.js')).exportGroups,
  rollback: async () => (await import('./commands/rollback.js')).rollback,
  report: async () => (await import('./commands/report.js')).report,
  simulate: async () => (await import('./commands/simulate.js')).simulate,
  completion: async () => (await import('./commands/completion.js')).completion,
};

const DESCRIPTION = "Creates Zoom IM directory groups in bulk from a CSV, within Zoom's rate limits.";

/** Text wider than this is hard to read, however wide the terminal. */
const HELP_COLUMNS = 80;

/** Runs the program once. The exit code stays 70 until a command has proven a better one. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = EXIT.internalError;
  // A reader that went away (`| head`) must not end the job: the results are on the disk.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const args = expandWords(argv.slice(2));
  try {
    await createProgram().parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = await reportFailure(error, args);
  }
}

/** `help`, `help COMMAND` and `version`, as the options that mean the same. */
function expandWords(args: readonly string[]): readonly string[] {
  const [word, name] = args;
  if (word === 'version') return ['--version'];
  if (word !== 'help') return args;
  if (name === undefined) return ['--help'];
  // Of an unknown command commander would show the help of all.
  return isCommand(name) ? [name, '--help'] : [name];
}

function isCommand(name: string | undefined): name is CommandName {
  return COMMAND_NAMES.some((known) => known === name);
}

function createProgram(): Command {
  const root = new Command('zoom-im-groups')
    .description(`${DESCRIPTION}\n\n${ROOT_EXAMPLES}`)
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .addHelpText('after', ROOT_FOOTER);
  configure(root, 'See zoom-im-groups --help.');
  for (const name of COMMAND_NAMES) addCommand(root, name);
  return root;
}

function configure(command: Command, hint: string): void {
  command
    .showSuggestionAfterError()
    .showHelpAfterError(hint)
    .exitOverride()
    .configureOutput({
      getOutHelpWidth: () => Math.min(HELP_COLUMNS, process.stdout.columns || HELP_COLUMNS),
      outputError: (text, write) => write(escapeLines(text.replace(/^error: /, 'zoom-im-groups: '))),
    });
}

function addCommand(root: Command, name: CommandName): void {
  const { args, summary } = COMMANDS[name];
  const command = root
    .command(`${name} ${args}`.trim())
    .summary(summary)
    .description(describeCommand(name))
    .allowExcessArguments(false)
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup('Settings and output:'));
  configure(command, `See zoom-im-groups ${name} --help.`);
  const options = optionsFor(name);
  for (const option of options) command.addOption(option);
  if (options.length > 0) command.addHelpText('after', OPTIONS_FOOTER);
  command.action(async () => {
    fillFromEnvironment(command, options);
    checkCombinations(name, command);
    const run = await LOAD[name]();
    process.exitCode = await run(command.args, collectOptions(command));
  });
}

/** The environment, then the config, set what the command line leaves open. */
function fillFromEnvironment(command: Command, options: readonly Option[]): void {
  const fill = (option: Option, config?: ReturnType<typeof readConfig>): void => {
    const key = option.attributeName();
    if (command.getOptionValueSource(key) === 'cli') return;
    const value = readOptionVariable(option, config);
    if (value !== undefined) command.setOptionValueWithSource(key, value, 'env');
  };
  const configOption = options.find((option) => option.name() === 'config');
  if (!configOption) return;
  fill(configOption);
  const { config: path } = command.opts<Options>();
  const config = path === undefined ? undefined : readConfig(path);
  for (const option of options) if (option !== configOption) fill(option, config);
}

async function reportFailure(error: unknown, args: readonly string[]): Promise<ExitCode> {
  // Help and the version are no failures.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const [first] = args;
  const name = isCommand(first) ? first : null;
  const { exit, reason, message, hint } = describeFailure(error, name);
  // Commander has printed what is wrong already.
  if (!(error instanceof CommanderError)) {
    process.stderr.write(`${escapeInvisible(`zoom-im-groups: ${message}`)}\n${escapeInvisible(hint)}\n`);
    if (exit === EXIT.internalError) process.stderr.write(`${formatTrace(error)}\n`);
  }
  const code = exitCodeFor(exit, args);
  if (wantsJson(args) && !hasWrittenJson()) {
    writeJson(name, {}, { code, reason, message, hint });
    await flushStdoutOrWarn(code);
  }
  return code;
}

function describeFailure(
  error: unknown,
  name: CommandName | null,
): Omit<Stop, 'reason'> & { reason: string } {
  if (error instanceof FatalError) return error.stop;
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    return createStop('usage', message, `See zoom-im-groups ${name === null ? '' : `${name} `}--help.`);
  }
  return {
    exit: EXIT.internalError,
    reason: 'internal-error',
    message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'This is a bug, please report it: see zoom-im-groups --help.',
  };
}

function formatTrace(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? error.stack : String(error);
}

/** One line stays one line: a message may hold text from a file or a server. */
function escapeLines(text: string): string {
  return text.split('\n').map(escapeInvisible).join('\n');
}

/** The command line may be one that can't be parsed, so it is searched for the word. */
function wantsJson(args: readonly string[]): boolean {
  return args.includes('--json') || isSwitchedOn('json');
}

/** Under --detailed-exitcode 2 means that there is something to do, so every failure is a 1. */
function exitCodeFor(code: ExitCode, args: readonly string[]): ExitCode {
  const isPlan = args[0] === 'plan' || args.includes('--dry-run');
  const isDetailed = isPlan && (args.includes('--detailed-exitcode') || isSwitchedOn('detailed-exitcode'));
  return isDetailed && code !== EXIT.internalError ? EXIT.unprovisioned : code;
}
