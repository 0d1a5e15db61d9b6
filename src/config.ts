/**
 * Every option once: its flags, its help, its default, what it accepts and which commands take it; and the
 * environment, which nothing else reads. Options win over the environment, the environment over --env-file.
 */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { parseEnv } from 'node:util';
import { InvalidArgumentError, Option } from 'commander';
import type { Credentials } from './client.js';
import type { Target } from './core/event.js';
import { usage } from './core/outcome.js';
import { ZOOM } from './core/policy.js';
import { parseShard, type Shard } from './core/shard.js';

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

export const ENV_PREFIX = 'ZOOM_IM_GROUPS_';

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
    help: 'the least level to log',
    on: [...API_COMMANDS, 'simulate'],
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
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
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
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

/** The environment twin of an option: `--account-plan` is `ZOOM_IM_GROUPS_ACCOUNT_PLAN`. */
export function twinOf(option: Option): string {
  return ENV_PREFIX + option.name().replace(/^no-/, 'no-').toUpperCase().replaceAll('-', '_');
}

/** What an option's twin in the environment says; undefined where it is not set. */
export function twinValue(option: Option): unknown {
  const text = process.env[twinOf(option)];
  if (text === undefined || text === '') return undefined;
  if (option.isBoolean()) return option.negate ? !truth(option, text) : truth(option, text);
  if (option.optional && /^(1|true|yes|on)$/i.test(text)) return true;
  try {
    return option.parseArg ? option.parseArg(text, undefined) : text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usage(`${twinOf(option)}: ${why} (${text})`, 'Correct the variable, or unset it.');
  }
}

function truth(option: Option, text: string): boolean {
  if (/^(1|true|yes|y|on)$/i.test(text)) return true;
  if (/^(0|false|no|n|off)$/i.test(text)) return false;
  throw usage(`${twinOf(option)} is neither true nor false (${text})`, 'Set it to 1 or 0, or unset it.');
}

function integer(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function count(text: string): number {
  const n = integer(text);
  if (n < 1) throw new InvalidArgumentError('It must be 1 or more.');
  return n;
}

function milliseconds(text: string): number {
  const n = integer(text);
  if (n > 600_000) throw new InvalidArgumentError('It must be 600000 (ten minutes) or less.');
  return n;
}

function seconds(text: string): number {
  if (!/^\d{1,7}(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number of seconds.');
  return Number(text);
}

function port(text: string): number {
  const n = integer(text);
  if (n > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return n;
}

function rate(text: string): number {
  const n = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || n < 0.01 || n > 1000) {
    throw new InvalidArgumentError('It must be a number of requests a second, 0.01 to 1000.');
  }
  return n;
}

function share(text: string): { n: number; percent: boolean } {
  const match = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(text);
  const n = Number(match?.[1]);
  const percent = match?.[2] === '%';
  if (!match || n <= 0 || (percent ? n > 100 : !Number.isInteger(n))) {
    throw new InvalidArgumentError('It must be a number of rows, as 10, or a share of them, as 5%.');
  }
  return { n, percent };
}

function shard(text: string): Shard {
  const parsed = parseShard(text);
  if (!parsed) throw new InvalidArgumentError('It must be K/N with K from 1 to N, as 2/4.');
  return parsed;
}

function delimiter(text: string): string {
  const named = text === 'tab' || text === '\\t' ? '\t' : text;
  if ([...named].length !== 1 || /["\r\n]/.test(named)) {
    throw new InvalidArgumentError('It must be one character, or the word tab.');
  }
  return named;
}

function list(text: string, before: unknown): readonly string[] {
  return [...(Array.isArray(before) ? before : []), text];
}

function mapping(text: string, before: unknown): Readonly<Record<string, string>> {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('It must be COLUMN=FIELD.');
  return { ...(before as Record<string, string> | undefined), [text.slice(0, at)]: text.slice(at + 1) };
}

export type ZoomEnvironment = {
  readonly credentials: Credentials | undefined;
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly warnings: readonly string[];
};

/** Zoom's part of the environment. @throws Halt (exit 2) when it is half there or a file can't be read */
export function zoomEnvironment(envFile: string | undefined): ZoomEnvironment {
  const warnings: string[] = [];
  const fromFile = envFile === undefined ? {} : parseEnv(readPrivate(envFile, 'the --env-file', warnings));
  const env = (name: string): string | undefined => process.env[name] || fromFile[name] || undefined;
  return {
    credentials: credentials(env, warnings),
    baseUrl: env('ZOOM_BASE_URL') ?? ZOOM.baseUrl,
    tokenUrl: env('ZOOM_TOKEN_URL') ?? ZOOM.tokenUrl,
    warnings,
  };
}

function credentials(env: (name: string) => string | undefined, warnings: string[]): Credentials | undefined {
  const token = env('ZOOM_ACCESS_TOKEN');
  const accountId = env('ZOOM_ACCOUNT_ID');
  const clientId = env('ZOOM_CLIENT_ID');
  const secretFile = env('ZOOM_CLIENT_SECRET_FILE');
  const clientSecret =
    env('ZOOM_CLIENT_SECRET') ??
    (secretFile === undefined
      ? undefined
      : readPrivate(secretFile, 'ZOOM_CLIENT_SECRET_FILE', warnings).trim());
  if (token) return { kind: 'token', token: token.trim() };
  if (accountId && clientId && clientSecret) return { kind: 'app', accountId, clientId, clientSecret };
  if (!accountId && !clientId && !clientSecret) return undefined;
  const missing = [
    ...(accountId ? [] : ['ZOOM_ACCOUNT_ID']),
    ...(clientId ? [] : ['ZOOM_CLIENT_ID']),
    ...(clientSecret ? [] : ['ZOOM_CLIENT_SECRET (or ZOOM_CLIENT_SECRET_FILE)']),
  ];
  throw usage(
    `credentials are half there: ${missing.join(' and ')} is missing`,
    'A Server-to-Server OAuth app has all three; or set ZOOM_ACCESS_TOKEN instead.',
  );
}

function readPrivate(path: string, what: string, warnings: string[]): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      warnings.push(`${path} can be read by others: chmod 600 ${path}`);
    }
    return text;
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? error.code : error;
    throw usage(`${what} can't be read: ${path} (${why})`, 'Name a file that this user can read.');
  }
}

/** What the terminal is like, as far as the environment tells. */
export function wantsColor(isTTY: boolean): boolean {
  return isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** Where locks live. */
export function stateFolder(): string {
  const base = process.env.XDG_STATE_HOME || `${homedir()}/.local/state`;
  return `${base}/zoom-im-groups`;
}
