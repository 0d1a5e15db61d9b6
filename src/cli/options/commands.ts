/** What --help shows besides the options: each command in a line, examples, exit codes, where to report a bug. */

/** The commands that can be run, in the order of --help; `args` as commander writes arguments. */
export const COMMANDS = {
  apply: {
    args: '[file]',
    summary: 'create every group that the CSV defines; - reads standard input',
    examples: ['apply groups.csv --config zoom.env', 'apply groups.csv --max-failures 5%'],
  },
  plan: {
    args: '<file>',
    summary: 'show what apply would do; sends no write',
    examples: ['plan groups.csv --config zoom.env', 'plan groups.csv --detailed-exitcode --json'],
  },
  members: {
    args: '[file]',
    summary: 'add the people that the CSV names to groups, or remove them',
    examples: [
      'members members.csv --dry-run --config zoom.env',
      'members sales.csv --group Sales --sync --config zoom.env',
    ],
  },
  validate: {
    args: '<file>',
    summary: 'check the CSV offline and list every problem',
    examples: ['validate groups.csv', 'validate export.csv --encoding windows-1252 --map "Gruppe=name"'],
  },
  doctor: {
    args: '',
    summary: 'check credentials, scopes, APIs and limits of this account, and say which options to use',
    examples: ['doctor --config zoom.env', 'doctor --write --member user@example.com --config zoom.env'],
  },
  export: {
    args: '',
    summary: "write the account's groups as a CSV that apply reads",
    examples: ['export > account.csv', 'export --out account.csv'],
  },
  rollback: {
    args: '<run>',
    summary: 'delete the groups that one run created, if they are still empty and unchanged',
    examples: [
      'rollback runs/groups-20260102T030405Z',
      'rollback runs/groups-20260102T030405Z --yes --include-updates',
    ],
  },
  report: {
    args: '<run...>',
    summary: "make a run's reports again from its journal; of several shards, one report",
    examples: ['report runs/groups-20260102T030405Z', 'report shard-1 shard-2 shard-3 --out all'],
  },
  simulate: {
    args: '',
    summary: "serve the simulator of Zoom's API on loopback until it is stopped",
    examples: ['simulate --port 8080', 'simulate --fault 503:0.1 --fault reset-after:0.02 --seed 7'],
  },
  completion: {
    args: '<shell>',
    summary: 'print completions for bash, zsh or fish',
    examples: [
      'completion bash > ~/.local/share/bash-completion/completions/zoom-im-groups',
      'completion zsh > ~/.zfunc/_zoom-im-groups',
      'completion fish | source',
    ],
  },
} as const;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES: readonly CommandName[] = Object.keys(COMMANDS) as CommandName[];

/** A command's description: what it does, and examples of it. */
export function describeCommand(name: CommandName): string {
  const { summary, examples } = COMMANDS[name];
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return `${sentence}\n\n${formatExamples(examples)}`;
}

function formatExamples(examples: readonly string[]): string {
  return `Examples:\n${examples.map((line) => `  zoom-im-groups ${line}`).join('\n')}`;
}

export const ROOT_EXAMPLES: string = formatExamples([
  'apply samples/groups.csv --simulate    try it, no account',
  'validate groups.csv                    check the file, offline',
  'plan groups.csv --config zoom.env      show what apply would do',
  'apply groups.csv --config zoom.env     create the groups',
]);

/** Ends the help of each command that has options. */
export const OPTIONS_FOOTER = `
Each option can be set in the environment or in the --config file, too:
--account-plan is ZOOM_IM_GROUPS_ACCOUNT_PLAN. A switch is 1 or 0; values of an
option that may be repeated are separated by commas. An option wins over the
environment, the environment over --config, and that over the default.`;

export const ROOT_FOOTER = `
Help for one command: zoom-im-groups help COMMAND

Credentials, from the environment or the --config file:
  ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID, and ZOOM_CLIENT_SECRET or
  ZOOM_CLIENT_SECRET_FILE        a Server-to-Server OAuth app; README: Setup
  ZOOM_ACCESS_TOKEN              a token made elsewhere, instead of these
  ZOOM_BASE_URL, ZOOM_TOKEN_URL  for government accounts

Exit codes:
  0    every row is provisioned
  1    finished; at least one row is not provisioned
  2    usage, credentials missing, or a file with problems: nothing was sent
  3    stopped: manual action required
  4    stopped: retry later with --resume
  5    another run holds this account or this run folder
  6    a journal, a report or standard output could not be written
  70   internal error: a bug
  129, 130, 143  stopped by SIGHUP, Ctrl-C or SIGTERM; reports are written

Report a bug in the issues of this command's repository; attach what
doctor --json prints, and the run's summary.json.`;
