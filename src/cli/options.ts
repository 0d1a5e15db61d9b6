/** Every option once: its flags, its help, its default, what it accepts and which commands take it. */
import { Option } from 'commander';
import type { Target } from '../events/event.js';
import type { Shard } from '../validation/shard.js';
import {
  count,
  delimiter,
  integer,
  list,
  mapping,
  milliseconds,
  port,
  rate,
  seconds,
  shard,
  share,
} from './option-parsers.js';

/** The commands, by the name that is typed, in the order of --help. */
export const COMMAND_NAMES = [
  'apply',
  'plan',
  'validate',
  'export',
  'rollback',
  'report',
  'simulate',
  'completion',
] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];

const API_COMMANDS: readonly CommandName[] = ['apply', 'plan', 'export', 'rollback'];
const CSV_COMMANDS: readonly CommandName[] = ['apply', 'plan', 'validate'];
const RUN_COMMANDS: readonly CommandName[] = ['apply', 'rollback'];
const STAND_IN_COMMANDS: readonly CommandName[] = [...API_COMMANDS, 'simulate'];

type Spec = {
  readonly flags: string;
  readonly help: string;
  readonly on: readonly CommandName[];
  readonly parse?: (text: string, before: unknown) => unknown;
  readonly choices?: readonly string[];
  readonly default?: unknown;
};

/** The table. Its order is the order of --help. */
export const OPTIONS: readonly Spec[] = [
  {
    flags: '--simulate',
    help: 'run against the built-in stand-in for Zoom, in this process',
    on: API_COMMANDS,
  },
  {
    flags: '--account-plan <plan>',
    help: "the account's Zoom plan, which sets the rate: 4, 30 or 80 a second",
    on: STAND_IN_COMMANDS,
    choices: ['free', 'pro', 'business'],
    default: 'pro',
  },
  {
    flags: '--rate <n>',
    help: "requests a second, instead of the plan's",
    on: [...RUN_COMMANDS, 'plan'],
    parse: rate,
  },
  {
    flags: '--concurrency <n>',
    help: 'rows in flight (default: enough for the rate)',
    on: RUN_COMMANDS,
    parse: count,
  },
  { flags: '--out <path>', help: 'the run folder (default: runs/<file>-<UTC time>)', on: RUN_COMMANDS },
  { flags: '--out <file>', help: 'write the CSV to this file instead of standard output', on: ['export'] },
  { flags: '--out <dir>', help: 'the folder for one report of several runs', on: ['report'] },
  {
    flags: '--resume [dir]',
    help: "go on with an unfinished run: that folder, --out's, or this file's newest",
    on: RUN_COMMANDS,
  },
  {
    flags: '--skip-invalid',
    help: 'send the valid rows of a file that has invalid ones',
    on: ['apply', 'plan'],
  },
  {
    flags: '--max-failures <n>',
    help: 'stop starting rows after so many failed ones (n or n%)',
    on: ['apply'],
    parse: share,
  },
  {
    flags: '--update',
    help: 'bring an existing group whose settings differ to what the row says',
    on: ['apply', 'plan'],
  },
  {
    flags: '--updates',
    help: 'put groups that the run updated back to their old values too',
    on: ['rollback'],
  },
  { flags: '--yes', help: "don't ask", on: ['rollback'] },
  {
    flags: '--body <kind>',
    help: 'the request body',
    on: ['apply'],
    choices: ['multipart', 'json'],
    default: 'multipart',
  },
  {
    flags: '--api <name>',
    help: 'IM groups, or their successor, contact groups',
    on: ['apply', 'plan', 'export'],
    choices: ['im', 'contacts'],
    default: 'im',
  },
  {
    flags: '--no-baseline',
    help: 'skip the listing of existing groups before the first create',
    on: ['apply'],
  },
  {
    flags: '--shared-limit <url>',
    help: 'share one rate limit through Redis at redis://…',
    on: RUN_COMMANDS,
  },
  {
    flags: '--lock-wait <seconds>',
    help: 'wait for another run on the same account',
    on: RUN_COMMANDS,
    parse: seconds,
    default: 0,
  },
  {
    flags: '--shard <k/n>',
    help: "take only the rows whose name's key falls to k of n",
    on: ['apply', 'plan'],
    parse: shard,
  },
  { flags: '--dry-run', help: 'do as plan does', on: ['apply'] },
  {
    flags: '--detailed-exitcode',
    help: '0 nothing to do, 1 error, 2 something to do',
    on: ['plan', 'apply'],
  },
  {
    flags: '--fault <kind[:share]>',
    help: 'with the stand-in: misbehave on purpose; may be repeated',
    on: STAND_IN_COMMANDS,
    parse: list,
  },
  {
    flags: '--latency <ms>',
    help: 'with the stand-in: how long an answer takes',
    on: STAND_IN_COMMANDS,
    parse: milliseconds,
  },
  {
    flags: '--daily-limit <n>',
    help: 'with the stand-in: requests a day',
    on: STAND_IN_COMMANDS,
    parse: count,
  },
  {
    flags: '--port <n>',
    help: 'with the stand-in: the port it listens on (default: a free one)',
    on: STAND_IN_COMMANDS,
    parse: port,
  },
  {
    flags: '--seed <n>',
    help: 'with the stand-in: the same seed, the same faults',
    on: STAND_IN_COMMANDS,
    parse: integer,
  },
  {
    flags: '--delimiter <c>',
    help: "the CSV's delimiter (default: found on the header line)",
    on: CSV_COMMANDS,
    parse: delimiter,
  },
  {
    flags: '--encoding <name>',
    help: "the CSV's encoding, where it is not UTF-8 or UTF-16 with BOM",
    on: CSV_COMMANDS,
  },
  {
    flags: '--map <column=field>',
    help: 'take this column as that field; may be repeated',
    on: CSV_COMMANDS,
    parse: mapping,
  },
  {
    flags: '--env-file <file>',
    help: 'read credentials from this file; the real environment wins',
    on: API_COMMANDS,
  },
  {
    flags: '--json',
    help: 'the summary as one JSON object on stdout',
    on: ['apply', 'plan', 'validate', 'rollback', 'report'],
  },
  {
    flags: '-q, --quiet',
    help: 'say nothing when all is well',
    on: ['apply', 'plan', 'validate', 'export', 'rollback', 'report', 'simulate'],
  },
  {
    flags: '--log-format <format>',
    help: 'the log on stderr (default: pretty on a terminal, else json)',
    on: [...API_COMMANDS, 'simulate'],
    choices: ['pretty', 'json'],
  },
  {
    flags: '--log-level <level>',
    help: 'the least level to log (default: info, with --quiet silent)',
    on: [...API_COMMANDS, 'simulate'],
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
  },
];

/** The options of one command, typed as the table parses them. */
export type Options = {
  readonly simulate?: boolean;
  readonly accountPlan: Target['accountPlan'];
  readonly rate?: number;
  readonly concurrency?: number;
  readonly out?: string;
  readonly resume?: string | true;
  readonly skipInvalid?: boolean;
  readonly maxFailures?: { readonly n: number; readonly percent: boolean };
  readonly update?: boolean;
  readonly updates?: boolean;
  readonly yes?: boolean;
  readonly body: 'multipart' | 'json';
  readonly api: Target['api'];
  readonly baseline: boolean;
  readonly sharedLimit?: string;
  readonly lockWait: number;
  readonly shard?: Shard;
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly fault?: readonly string[];
  readonly latency?: number;
  readonly dailyLimit?: number;
  readonly port?: number;
  readonly seed?: number;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly map?: Readonly<Record<string, string>>;
  readonly envFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly logFormat?: 'pretty' | 'json';
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
};

/** The options of a command as commander wants them. */
export function optionsOf(command: CommandName): Option[] {
  return OPTIONS.filter((spec) => spec.on.includes(command)).map((spec) => {
    const option = new Option(spec.flags, spec.help);
    if (spec.choices) option.choices(spec.choices);
    if (spec.parse) option.argParser(spec.parse);
    if (spec.default !== undefined) option.default(spec.default);
    return option;
  });
}
