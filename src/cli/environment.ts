/** The environment, which nothing else reads: options' twins, Zoom's variables, the terminal, the state folder. */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { parseEnv } from 'node:util';
import type { Option } from 'commander';
import { usageError } from '../model/stop.js';
import { ZOOM } from '../resilience/retry-policy.js';
import type { Credentials } from '../zoom/oauth.js';
import { list, mapping } from './option-parsers.js';

const ENV_PREFIX = 'ZOOM_IM_GROUPS_';

/** The environment twin of an option: `--account-plan` is `ZOOM_IM_GROUPS_ACCOUNT_PLAN`. */
function twinOf(name: string): string {
  return ENV_PREFIX + name.toUpperCase().replaceAll('-', '_');
}

const YES = /^(1|true|yes|y|on)$/i;
const NO = /^(0|false|no|n|off)$/i;

/** Whether the twin of a switch is on; for when the command line can't be made sense of. */
export function isSwitchedOn(name: string): boolean {
  return YES.test(process.env[twinOf(name)] ?? '');
}

/** What an option's twin in the environment says; undefined where it is not set. */
export function readOptionVariable(option: Option): unknown {
  const text = process.env[twinOf(option.name())];
  if (text === undefined || text === '') return undefined;
  if (option.negate) return !truth(option, text);
  if (option.isBoolean()) return truth(option, text);
  if (option.optional && YES.test(text)) return true;
  if (option.optional && NO.test(text)) return undefined;
  try {
    const { parseArg } = option;
    if (!parseArg) return text;
    const values = isRepeated(option) ? text.split(',') : [text];
    return values.reduce<unknown>((before, value) => parseArg.call(option, value.trim(), before), undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`${twinOf(option.name())}: ${why} (${text})`, 'Correct the variable, or unset it.');
  }
}

/** What may be given again and again on the command line stands in one variable, with commas between. */
function isRepeated({ parseArg }: Option): boolean {
  return parseArg === list || parseArg === mapping;
}

function truth(option: Option, text: string): boolean {
  if (YES.test(text)) return true;
  if (NO.test(text)) return false;
  throw usageError(
    `${twinOf(option.name())} is neither true nor false (${text})`,
    'Set it to 1 or 0, or unset it.',
  );
}

export type ZoomEnvironment = {
  readonly credentials: Credentials | undefined;
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly warnings: readonly string[];
};

/** What a file says under a name is put aside where the real environment has one of these: it says who we are already. */
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  ZOOM_ACCESS_TOKEN: ['ZOOM_ACCOUNT_ID', 'ZOOM_CLIENT_ID', 'ZOOM_CLIENT_SECRET', 'ZOOM_CLIENT_SECRET_FILE'],
  ZOOM_CLIENT_SECRET: ['ZOOM_CLIENT_SECRET_FILE'],
};

/** Zoom's part of the environment. @throws FatalError (exit 2) when it is half there or a file can't be read */
export function readZoomEnvironment(envFile: string | undefined): ZoomEnvironment {
  const warnings: string[] = [];
  const fromFile = envFile === undefined ? {} : parseEnv(readPrivate(envFile, 'the --env-file', warnings));
  const env = (name: string): string | undefined => {
    const isPutAside = INSTEAD[name]?.some((other) => process.env[other]) ?? false;
    return process.env[name] || (isPutAside ? undefined : fromFile[name]) || undefined;
  };
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
  throw usageError(
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
    throw usageError(`${what} can't be read: ${path} (${why})`, 'Name a file that this user can read.');
  }
}

/** What the terminal is like, as far as the environment tells. */
export function wantsColor(isTTY: boolean): boolean {
  return isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** Whether a terminal can draw a line again; in a dumb one each frame would be a line of its own. */
export function redrawsLines(): boolean {
  return process.env.TERM !== 'dumb';
}

/** Where locks live. */
export function findStateFolder(): string {
  const base = process.env.XDG_STATE_HOME || `${homedir()}/.local/state`;
  return `${base}/zoom-im-groups`;
}
