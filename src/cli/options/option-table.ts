/** Every option once: its flags, its help, its default, what it accepts and which commands take it. */
import {
  ACCOUNT_PLANS,
  APIS,
  BODY_CHOICES,
  DEFAULT_ACCOUNT_PLAN,
  DEFAULT_API,
  DEFAULT_BODY,
} from '../../model/choices.js';
import { COMMAND_NAMES, type CommandName } from './commands.js';
import {
  appendMapping,
  appendValue,
  parseChecksum,
  parseCount,
  parseDelimiter,
  parseInteger,
  parseLimit,
  parseMilliseconds,
  parsePort,
  parseRate,
  parseSeconds,
  parseShardOption,
} from './option-parsers.js';

const API: readonly CommandName[] = ['apply', 'plan', 'members', 'doctor', 'export', 'rollback'];
const CSV: readonly CommandName[] = ['apply', 'plan', 'members', 'validate'];
const RUN: readonly CommandName[] = ['apply', 'members', 'rollback'];
const SIMULATOR: readonly CommandName[] = [...API, 'simulate'];

/** The headings of --help. */
type Group = 'What to do:' | 'Rate and locks:' | 'Reading the CSV:' | 'Simulator:' | 'Settings and output:';

export type OptionSpec = {
  readonly flags: string;
  readonly help: string;
  readonly on: readonly CommandName[];
  readonly group: Group;
  readonly parse?: (text: string, before: unknown) => unknown;
  readonly choices?: readonly string[];
  readonly default?: unknown;
  /** How --help shows a default that is no plain value. */
  readonly defaultText?: string;
  /** Means something only with one of these; does not apply to a command that takes none of them. */
  readonly needs?: readonly string[];
  /** Options that it can't be combined with, and why. */
  readonly excludes?: Readonly<Record<string, string>>;
};

/** The table. Its order is the order of --help. */
export const OPTIONS: readonly OptionSpec[] = [
  ...inGroup('What to do:', [
    { flags: '--simulate', help: 'run against the built-in simulator of Zoom instead of Zoom', on: API },
    {
      flags: '--account-plan <plan>',
      help: "the account's Zoom plan, which sets the rate",
      on: SIMULATOR,
      choices: ACCOUNT_PLANS,
      default: DEFAULT_ACCOUNT_PLAN,
    },
    {
      flags: '--api <name>',
      help: 'IM groups, or their successor, contact groups',
      on: ['apply', 'plan', 'members', 'validate', 'export'],
      choices: APIS,
      default: DEFAULT_API,
    },
    { flags: '--out <dir>', help: 'the run folder (default: runs/<file>-<UTC time>)', on: RUN },
    { flags: '--out <file>', help: 'write the CSV to this file, not to standard output', on: ['export'] },
    { flags: '--out <dir>', help: 'the folder for one report of several runs', on: ['report'] },
    { flags: '--force', help: 'replace an existing file', on: ['export'], needs: ['--out'] },
    { flags: '--members', help: 'export memberships (group,email) instead of groups', on: ['export'] },
    {
      flags: '--resume [dir]',
      help: "continue an unfinished run: that folder, --out's, or the newest of this file",
      on: RUN,
    },
    { flags: '--update', help: 'change existing groups whose settings differ', on: ['apply', 'plan'] },
    { flags: '--remove', help: 'remove the people that the file names', on: ['members'] },
    {
      flags: '--sync',
      help: "make the groups' members exactly those of the file",
      on: ['members'],
      excludes: { '--remove': '--sync removes every member that the file does not name' },
    },
    {
      flags: '--max-removals <n|n%>',
      help: 'refuse to remove more of the memberships',
      on: ['members'],
      parse: parseLimit,
      default: { n: 10, percent: true },
      defaultText: '10%',
      needs: ['--sync'],
    },
    { flags: '--include-updates', help: 'restore updated groups to their old values too', on: ['rollback'] },
    {
      flags: '--yes',
      help: "don't ask",
      on: ['rollback', 'members', 'doctor'],
      needs: ['--sync', '--write'],
    },
    { flags: '--write', help: 'also try writes, on temporary groups', on: ['doctor'] },
    { flags: '--member <email>', help: 'try memberships with this user', on: ['doctor'], needs: ['--write'] },
    {
      flags: '--skip-invalid',
      help: 'send the valid rows of a file that has invalid ones',
      on: ['apply', 'plan', 'members'],
    },
    {
      flags: '--max-failures <n|n%>',
      help: 'stop starting rows after so many failed ones (default: off)',
      on: ['apply', 'members'],
      parse: parseLimit,
    },
    {
      flags: '--limit <n>',
      help: 'send only n rows that need a request; --resume sends more',
      on: ['apply', 'members'],
      parse: parseCount,
    },
    {
      flags: '--checksum <hex>',
      help: 'do exactly what the plan with this checksum showed',
      on: ['apply', 'members'],
      parse: parseChecksum,
      excludes: { '--no-listing': 'a checksum covers the groups that exist' },
    },
    {
      flags: '--dry-run',
      help: 'show what would change; send no write',
      on: ['apply', 'members'],
      excludes: { '--resume': 'a dry run cannot resume a run' },
    },
    {
      flags: '--detailed-exitcode',
      help: 'exit 0: nothing to do, 1: error, 2: something to do',
      on: ['plan', 'apply', 'members'],
      needs: ['--dry-run'],
    },
    { flags: '--all', help: 'show unchanged rows too', on: ['plan'] },
    { flags: '--all', help: 'show every problem, not the first 20 and a summary', on: ['validate'] },
    {
      flags: '--shard <k/n>',
      help: 'process only shard k of n',
      on: ['apply', 'plan', 'members'],
      parse: parseShardOption,
    },
    {
      flags: '--body <format>',
      help: 'the request body of creates',
      on: ['apply'],
      choices: BODY_CHOICES,
      default: DEFAULT_BODY,
    },
    {
      flags: '--no-listing',
      help: 'skip the listing of existing groups before the first create',
      on: ['apply'],
      excludes: { '--update': '--update compares with the groups that exist' },
    },
  ]),
  ...inGroup('Rate and locks:', [
    {
      flags: '--rate <n>',
      help: "requests/s, instead of the plan's",
      on: [...RUN, 'plan'],
      parse: parseRate,
    },
    {
      flags: '--concurrency <n>',
      help: 'rows in flight (default: enough for the rate)',
      on: RUN,
      parse: parseCount,
    },
    { flags: '--shared-limit <url>', help: 'share one rate limit through Redis at redis://…', on: RUN },
    {
      flags: '--lock-timeout <seconds>',
      help: 'wait for another run on the same account',
      on: RUN,
      parse: parseSeconds,
      default: 0,
    },
    {
      flags: '--state-dir <dir>',
      help: "where locks are kept (default: the user's state folder)",
      on: [...RUN, 'doctor'],
    },
  ]),
  ...inGroup('Reading the CSV:', [
    {
      flags: '--delimiter <c>',
      help: "the CSV's delimiter (default: detected on the header line)",
      on: CSV,
      parse: parseDelimiter,
    },
    { flags: '--encoding <name>', help: "the CSV's encoding, if it is neither UTF-8 nor UTF-16", on: CSV },
    {
      flags: '--map <column=field>',
      help: 'use this column as that field; <column>= ignores it; may be repeated',
      on: CSV,
      parse: appendMapping,
    },
    { flags: '--group <name>', help: 'the group, if the file has no column for it', on: ['members'] },
    {
      flags: '--split <c>',
      help: 'split cells that hold a list at this character',
      on: ['members'],
      parse: parseDelimiter,
    },
  ]),
  ...inGroup('Simulator:', [
    ...simulatorOptions([
      { flags: '--fault <kind[:share]>', help: 'cause this failure; may be repeated', parse: appendValue },
      { flags: '--latency <ms>', help: 'how long a response takes', parse: parseMilliseconds },
      { flags: '--daily-limit <n>', help: 'requests per day', parse: parseCount },
      { flags: '--port <n>', help: 'the port to listen on (default: a free one)', parse: parsePort },
      { flags: '--seed <n>', help: 'the same seed causes the same failures', parse: parseInteger },
    ]),
  ]),
  ...inGroup('Settings and output:', [
    {
      // Commander shows and matches the first one like a short flag; the option's name is the second one's.
      flags: '--env-file, --config <file>',
      help: 'NAME=value lines: credentials, and options by their environment names',
      on: COMMAND_NAMES.filter((name): boolean => name !== 'completion'),
    },
    {
      flags: '--json',
      help: 'print exactly one JSON object on standard output',
      on: ['apply', 'plan', 'members', 'validate', 'doctor', 'rollback', 'report'],
    },
    {
      flags: '--json',
      help: 'describe the written file as one JSON object on standard output',
      on: ['export'],
      needs: ['--out'],
    },
    {
      flags: '-q, --quiet',
      help: 'print nothing if all is well',
      on: [...API, 'validate', 'report', 'simulate'],
    },
    {
      flags: '--log-format <format>',
      help: 'the log on standard error (default: pretty on a terminal, else json)',
      on: API,
      choices: ['pretty', 'json'],
    },
    {
      flags: '--log-level <level>',
      help: 'the lowest level to log (default: info, with --quiet silent)',
      on: API,
      choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    },
  ]),
];

function inGroup(group: Group, specs: readonly Omit<OptionSpec, 'group'>[]): readonly OptionSpec[] {
  return specs.map((spec) => ({ ...spec, group }));
}

/** Of the commands that can do without the simulator, each needs --simulate for these. */
function simulatorOptions(
  specs: readonly Pick<OptionSpec, 'flags' | 'help' | 'parse'>[],
): readonly Omit<OptionSpec, 'group'>[] {
  return specs.map((spec) => ({ ...spec, on: SIMULATOR, needs: ['--simulate'] }));
}
