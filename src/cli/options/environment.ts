/** The only reader of the environment: variables, the --config file behind them, terminal, proxies, state folder. */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Option } from 'commander';
import { usageError } from '../../model/stop.js';
import { errorCode } from '../../storage/disk.js';
import { parseDotenv } from '../../text/dotenv.js';
import type { ProxySettings } from '../../zoom/http-client.js';
import { appendMapping, appendValue } from './option-parsers.js';
import { optionNames } from './options.js';

const OPTION_PREFIX = 'ZOOM_IM_GROUPS_';

/** What may be set besides options. */
export const ZOOM_VARIABLES = [
  'ZOOM_ACCOUNT_ID',
  'ZOOM_CLIENT_ID',
  'ZOOM_CLIENT_SECRET',
  'ZOOM_CLIENT_SECRET_FILE',
  'ZOOM_ACCESS_TOKEN',
  'ZOOM_BASE_URL',
  'ZOOM_TOKEN_URL',
] as const;

export type ZoomVariable = (typeof ZOOM_VARIABLES)[number];

/** The environment variable of an option: `account-plan` is `ZOOM_IM_GROUPS_ACCOUNT_PLAN`. */
function optionVariable(name: string): string {
  return OPTION_PREFIX + name.toUpperCase().replaceAll('-', '_');
}

const YES = /^(1|true|yes|y|on)$/i;
const NO = /^(0|false|no|n|off)$/i;

/** Whether the variable of a switch is on; for a command line that can't be parsed. */
export function isSwitchedOn(name: string): boolean {
  return YES.test(process.env[optionVariable(name)] ?? '');
}

/** What the --config file sets, and what is wrong with its permissions. */
export type Config = {
  readonly values: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
};

/** A file that is a pipe, such as `<(pass show zoom)`, can be read only once. */
const configs = new Map<string, Config>();

/** Reads the --config file. @throws FatalError (exit 2) if it can't be read, or sets what is not known */
export function readConfig(path: string): Config {
  const read = configs.get(path) ?? parseConfig(path);
  configs.set(path, read);
  return read;
}

function parseConfig(path: string): Config {
  const { text, warnings } = readPrivateFile(path, (reason) =>
    usageError(`--config can't be read: ${path} (${reason})`, 'Name a file that this user can read.'),
  );
  const lines = parseDotenv(text);
  if ('badLine' in lines) {
    const hint = 'Write NAME=value, one on each line; a comment begins with #.';
    throw usageError(`${path}, line ${lines.badLine} is not NAME=value`, hint);
  }
  // A configuration can't name another one.
  const options = [...optionNames()].filter((name) => name !== 'config').map(optionVariable);
  const known = new Set<string>([...ZOOM_VARIABLES, ...options]);
  const unknown = lines.find(({ name }) => name.startsWith('ZOOM_') && !known.has(name));
  if (unknown) {
    const hint = `These are known: ${ZOOM_VARIABLES.join(', ')}, and ${OPTION_PREFIX}<OPTION> for each option.`;
    throw usageError(`${path}, line ${unknown.line}: ${unknown.name} is not known`, hint);
  }
  return { values: new Map(lines.map(({ name, value }) => [name, value])), warnings };
}

/** The text of a file that holds secrets. */
export function readPrivateFile(
  path: string,
  describe: (reason: string) => Error,
): { readonly text: string; readonly warnings: readonly string[] } {
  try {
    const text = decodeText(readFileSync(path));
    const stats = statSync(path);
    const isOpen = process.platform !== 'win32' && stats.isFile() && (stats.mode & 0o077) !== 0;
    return { text, warnings: isOpen ? [`${path} can be read by others: chmod 600 ${path}`] : [] };
  } catch (error) {
    throw describe(errorCode(error) === 'EISDIR' ? 'it is a folder' : errorCode(error));
  }
}

/** UTF-8 or UTF-16, with or without a byte order mark: Windows PowerShell 5 writes UTF-16 with one. */
function decodeText(bytes: Buffer): string {
  const isBigEndian = (bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0 && bytes[1] !== 0);
  const isLittleEndian = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[1] === 0 && bytes[0] !== 0);
  const encoding = isBigEndian ? 'utf-16be' : isLittleEndian ? 'utf-16le' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

/** What a variable says, in the environment or else in the config; undefined if it is not set or empty. */
export function readVariable(name: string, config?: Config): string | undefined {
  return process.env[name] || config?.values.get(name) || undefined;
}

/** Whether a variable is set in the real environment. */
export function isInEnvironment(name: ZoomVariable): boolean {
  return Boolean(process.env[name]);
}

/** The value of an option that the environment or the config sets. @throws FatalError (exit 2) if it can't be one */
export function readOptionVariable(option: Option, config?: Config): unknown {
  const name = optionVariable(option.name());
  const text = readVariable(name, config);
  if (text === undefined) return undefined;
  if (option.negate) return !parseSwitch(name, text);
  if (option.isBoolean()) return parseSwitch(name, text);
  if (option.optional && YES.test(text)) return true;
  if (option.optional && NO.test(text)) return undefined;
  try {
    const { parseArg } = option;
    if (!parseArg) return text;
    const values = isRepeatable(option) ? text.split(',') : [text];
    return values.reduce<unknown>((before, value) => parseArg.call(option, value.trim(), before), undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`${name}: ${why} (${text})`, 'Correct the variable, or unset it.');
  }
}

/** What may be repeated on the command line stands in one variable, separated by commas. */
function isRepeatable({ parseArg }: Option): boolean {
  return parseArg === appendValue || parseArg === appendMapping;
}

function parseSwitch(name: string, text: string): boolean {
  if (YES.test(text)) return true;
  if (NO.test(text)) return false;
  throw usageError(`${name} is neither true nor false (${text})`, 'Set it to 1 or 0, or unset it.');
}

/** Whether output to a stream may have colours. */
export function wantsColor({ isTTY }: { readonly isTTY?: boolean }): boolean {
  return isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** Whether a terminal can redraw a line; on a dumb one each frame would be a line of its own. */
export function redrawsLines(): boolean {
  return process.env.TERM !== 'dumb';
}

/** Reads the proxies in either case; lower case wins, as in curl. */
export function readProxies(): ProxySettings {
  const read = (name: string): string | undefined =>
    process.env[name.toLowerCase()] || process.env[name] || undefined;
  return { httpProxy: read('HTTP_PROXY'), httpsProxy: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}

/** Whether Node trusts certificates besides its own. */
export function hasExtraCertificates(): boolean {
  return Boolean(process.env.NODE_EXTRA_CA_CERTS);
}

/**
 * Where locks are kept: --state-dir, or the user's state folder (XDG Base Directory Specification).
 * A relative XDG_STATE_HOME is ignored, as that specification asks.
 * @throws FatalError (exit 2) if this user has no home folder
 */
export function findStateFolder({ stateDir }: { readonly stateDir?: string }): string {
  if (stateDir !== undefined) return stateDir;
  const { XDG_STATE_HOME: stateHome = '' } = process.env;
  if (isAbsolute(stateHome)) return join(stateHome, 'zoom-im-groups');
  const home = findHome();
  if (isAbsolute(home)) return join(home, '.local/state/zoom-im-groups');
  throw usageError(
    'there is no folder to keep locks in: this user has no home folder, and HOME is not set',
    'Name a folder that this user can write, with --state-dir DIR.',
  );
}

/** Empty if there is none: a container may run as a user whom no file knows, and HOME may be set to nothing. */
function findHome(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}
