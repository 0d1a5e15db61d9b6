/** The process: arguments in, one command run, its exit code out. */
import { Command, CommanderError, Option } from 'commander';
import { isSwitchedOn, readConfig, readOptionVariable } from './cli/options/environment.js';
import {
  COMMAND_HELP,
  describeCommand,
  OPTIONS_FOOTER,
  ROOT_EXAMPLES,
  ROOT_FOOTER,
} from './cli/options/help.js';
import { COMMAND_NAMES, type CommandName } from './cli/options/option-table.js';
import { checkCombinations, collectOptions, type Options, optionsFor } from './cli/options/options.js';
import { EXIT, type ExitCode, FatalError } from './model/stop.js';
import { VERSION } from './storage/version.js';
import { flushStdoutOrWarn, hasWrittenJson, writeJson } from './terminal/stdout.js';
import { escapeInvisible } from './text/visible.js';

/** What a command is given, and the exit code that it returns. */
type Run = (args: readonly string[], options: Options) => Promise<ExitCode>;

/** Loaded when it is run: --help and --version must not wait for an HTTP client. */
const LOAD: Readonly<Record<CommandName, () => Promise<Run>>> = {
  apply: async () => (await import('./commands/apply.js')).apply,
  plan: async () => (await import('./commands/plan.js')).planFile,
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
    await createProgram((code) => {
      process.exitCode = code;
    }).parseAsync([...args], { from: 'user' });
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

function createProgram(setExitCode: (code: ExitCode) => void): Command {
  const root = new Command('zoom-im-groups')
    .description(`${DESCRIPTION}\n\n${ROOT_EXAMPLES}`)
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .addHelpText('after', ROOT_FOOTER);
  configure(root, 'See zoom-im-groups --help.');
  for (const name of COMMAND_NAMES) addCommand(root, name, setExitCode);
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

function addCommand(root: Command, name: CommandName, setExitCode: (code: ExitCode) => void): void {
  const help = COMMAND_HELP[name];
  const command = root
    .command(`${name} ${help.args}`.trim())
    .summary(help.summary)
    .description(describeCommand(help))
    .allowExcessArguments(false)
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup('Settings and output:'));
  configure(command, `See zoom-im-groups ${name} --help.`);
  const options = optionsFor(name);
  for (const option of options) command.addOption(option);
  if (options.length > 0) command.addHelpText('after', OPTIONS_FOOTER);
  command.action(async (...given: unknown[]) => {
    const args = given
      .slice(0, -2)
      .flat()
      .filter((one): one is string => typeof one === 'string');
    fillFromEnvironment(command, options);
    checkCombinations(name, command);
    const run = await LOAD[name]();
    setExitCode(await run(args, collectOptions(command)));
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

/** Why a command ended, for its user and, under --json, for a script. */
type Failure = {
  readonly code: ExitCode;
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
};

async function reportFailure(error: unknown, args: readonly string[]): Promise<ExitCode> {
  // Help and the version are no failures.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const failure = describeFailure(error, args);
  // Commander has printed what is wrong already.
  if (!(error instanceof CommanderError)) {
    const { message, hint } = failure;
    const lines = [`zoom-im-groups: ${message}`, hint].map(escapeInvisible);
    process.stderr.write(`${lines.join('\n')}\n`);
    if (failure.code === EXIT.internalError) process.stderr.write(`${formatTrace(error)}\n`);
  }
  const code = exitCodeFor(failure.code, args);
  if (wantsJson(args)) await writeFailureJson({ ...failure, code }, args);
  return code;
}

function describeFailure(error: unknown, args: readonly string[]): Failure {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    const [name] = args;
    const hint = `See zoom-im-groups ${isCommand(name) ? `${name} ` : ''}--help.`;
    return { code: EXIT.usage, reason: 'usage', message, hint };
  }
  if (error instanceof FatalError) {
    const { exit: code, reason, message, hint } = error.stop;
    return { code, reason, message, hint };
  }
  return {
    code: EXIT.internalError,
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

async function writeFailureJson(exit: Failure, args: readonly string[]): Promise<void> {
  if (hasWrittenJson()) return;
  const [name] = args;
  writeJson(isCommand(name) ? name : null, {}, exit);
  await flushStdoutOrWarn(exit.code);
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
