#!/usr/bin/env node
/** The process: arguments in, one command run, its exit code out. */
import { createRequire } from 'node:module';
import { Command, CommanderError, type Option } from 'commander';
import { isSwitchedOn, readOptionVariable } from './cli/environment.js';
import { type CommandName, type Options, optionsOf } from './cli/options.js';
import { EXIT, type ExitCode, FatalError } from './model/outcome.js';
import { escapeInvisible } from './text/visible.js';

/** What a command is given, and the exit code that it answers with. */
type Act = (args: readonly string[], options: Options) => Promise<ExitCode>;

type Spec = {
  readonly args: string;
  readonly does: string;
  readonly examples: readonly string[];
  /** Loaded when it is run: --help and --version must not wait for an HTTP client. */
  readonly load: () => Promise<Act>;
};

const COMMANDS: Readonly<Record<CommandName, Spec>> = {
  apply: {
    args: '[file]',
    does: 'create every group that the CSV defines; - reads standard input',
    examples: ['apply groups.csv', 'apply groups.csv --account-plan business --max-failures 5%'],
    load: async () => (await import('./commands/apply.js')).apply,
  },
  plan: {
    args: '<file>',
    does: 'say what apply would do, row by row and in sum; nothing is written to Zoom',
    examples: ['plan groups.csv', 'plan groups.csv --detailed-exitcode --json'],
    load: async () => (await import('./commands/plan.js')).planFile,
  },
  validate: {
    args: '<file>',
    does: 'check the CSV, offline, and print every problem',
    examples: ['validate groups.csv', 'validate export.csv --encoding windows-1252 --map "Gruppe=name"'],
    load: async () => (await import('./commands/validate.js')).validate,
  },
  export: {
    args: '',
    does: "write the account's IM groups as a CSV that apply reads",
    examples: ['export > groups.csv', 'export --out groups.csv'],
    load: async () => (await import('./commands/export.js')).exportGroups,
  },
  rollback: {
    args: '<run>',
    does: 'delete the groups that one run created, where they are still empty and unchanged',
    examples: [
      'rollback runs/groups-20260102T030405Z',
      'rollback runs/groups-20260102T030405Z --yes --updates',
    ],
    load: async () => (await import('./commands/rollback.js')).rollback,
  },
  report: {
    args: '<run...>',
    does: "make a run's reports again from its journal; of several runs (shards), one report",
    examples: ['report runs/groups-20260102T030405Z', 'report shard-1 shard-2 shard-3 --out all'],
    load: async () => (await import('./commands/report.js')).report,
  },
  simulate: {
    args: '',
    does: 'serve the stand-in for Zoom on loopback until it is stopped',
    examples: ['simulate --port 8080', 'simulate --fault 503:0.1 --fault reset-after:0.02 --seed 7'],
    load: async () => (await import('./commands/simulate.js')).simulate,
  },
  completion: {
    args: '<shell>',
    does: 'print completions for bash, zsh or fish',
    examples: [
      'completion bash > ~/.local/share/bash-completion/completions/zoom-im-groups',
      'completion zsh > ~/.zfunc/_zoom-im-groups',
      'completion fish | source',
    ],
    load: async () => (await import('./commands/completion.js')).completion,
  },
};

/** The whole program as commander knows it; the completions are made from it too. */
export function program(done: (code: ExitCode) => void): Command {
  const { version, description } = createRequire(import.meta.url)('../package.json') as {
    version: string;
    description: string;
  };
  const root = new Command('zoom-im-groups')
    .description(description)
    .version(version, '-V, --version')
    .showSuggestionAfterError()
    .showHelpAfterError('See zoom-im-groups --help.')
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', ROOT_HELP);
  for (const [name, spec] of Object.entries(COMMANDS)) addCommand(root, name as CommandName, spec, done);
  return root;
}

function addCommand(root: Command, name: CommandName, spec: Spec, done: (code: ExitCode) => void): void {
  const command = root
    .command(`${name} ${spec.args}`.trim())
    .description(spec.does)
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .showHelpAfterError(`See zoom-im-groups ${name} --help.`)
    .exitOverride()
    .addHelpText(
      'after',
      `\nExamples:\n${spec.examples.map((line) => `  zoom-im-groups ${line}`).join('\n')}\n${TWINS}`,
    );
  const options = optionsOf(name);
  for (const option of options) command.addOption(option);
  command.action(async (...given: unknown[]) => {
    const args = given
      .slice(0, -2)
      .flat()
      .filter((one): one is string => typeof one === 'string');
    heedTwins(command, options);
    const act = await spec.load();
    done(await act(args, command.opts<Options>()));
  });
}

const TWINS = `
Every option has a twin in the environment: --account-plan is ZOOM_IM_GROUPS_ACCOUNT_PLAN;
a switch's is 1 or 0, and what may be repeated has commas between.
An option wins over the environment, the environment over --env-file, and that over the default.`;

const ROOT_HELP = `
Try it without an account: zoom-im-groups apply samples/groups.csv --simulate

Exit codes: 0 every row is provisioned, 1 some rows are not, 2 usage or a broken file (nothing was sent),
3 a person must act, 4 go on later with --resume, 5 another run holds the account, 6 the disk, 70 a defect.`;

/** The environment's twins fill in what the command line leaves open. */
function heedTwins(command: Command, options: readonly Option[]): void {
  for (const option of options) {
    const key = option.attributeName();
    if (command.getOptionValueSource(key) === 'cli') continue;
    const value = readOptionVariable(option);
    if (value !== undefined) command.setOptionValueWithSource(key, value, 'env');
  }
}

/** Runs the program once. The exit code stays 70 until a command has proven a better one. */
async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = EXIT.internalError;
  // A reader that went away (`| head`) must not end the job: the results are on the disk.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const done = (code: ExitCode): void => {
    process.exitCode = code;
  };
  try {
    await program(done).parseAsync([...argv]);
  } catch (error) {
    const code = tell(error, argv);
    done(isDetailed(argv) && code !== EXIT.ok && code !== EXIT.internalError ? EXIT.unprovisioned : code);
  }
}

/** Under --detailed-exitcode 2 says that there is something to do: whatever goes wrong is a 1, a wrong option too. */
function isDetailed(argv: readonly string[]): boolean {
  const isPlan = argv[2] === 'plan' || argv.includes('--dry-run');
  return isPlan && (argv.includes('--detailed-exitcode') || isSwitchedOn('detailed-exitcode'));
}

function tell(error: unknown, argv: readonly string[]): ExitCode {
  // Commander has said what is wrong already; asking for help is no mistake, but asking for what is not there is.
  if (error instanceof CommanderError) {
    const isHelp = argv[2] === 'help' && (argv[3] === undefined || Object.hasOwn(COMMANDS, argv[3]));
    return error.exitCode === 0 || isHelp ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof FatalError) {
    const { message, hint } = error.stop;
    process.stderr.write(`zoom-im-groups: ${escapeInvisible(message)}\n${escapeInvisible(hint)}\n`);
    return error.stop.exit;
  }
  const trace = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`zoom-im-groups: a defect of this program, please report it\n${trace}\n`);
  return EXIT.internalError;
}

await main(process.argv);
