/** Credentials and Zoom's addresses, from the environment and from the --config file. */
import { usageError } from '../../model/stop.js';
import { ZOOM } from '../../model/zoom-limits.js';
import type { Credentials } from '../../zoom/oauth.js';
import {
  type Config,
  isInEnvironment,
  readConfig,
  readPrivateFile,
  readVariable,
  type ZoomVariable,
} from './environment.js';

export type ZoomEnvironment = {
  readonly credentials: Credentials;
  readonly baseUrl: string;
  readonly tokenUrl: string;
};

/** The config's value is ignored if the real environment sets one of these: it names the credentials already. */
const REPLACED_BY: Readonly<Partial<Record<ZoomVariable, readonly ZoomVariable[]>>> = {
  ZOOM_ACCESS_TOKEN: ['ZOOM_ACCOUNT_ID', 'ZOOM_CLIENT_ID', 'ZOOM_CLIENT_SECRET', 'ZOOM_CLIENT_SECRET_FILE'],
  ZOOM_CLIENT_SECRET: ['ZOOM_CLIENT_SECRET_FILE'],
};

/** Reads Zoom's variables. @throws FatalError (exit 2) if they are absent, incomplete or a file can't be read */
export function readZoomEnvironment(
  configPath: string | undefined,
  warn: (message: string) => void,
): ZoomEnvironment {
  const config = configPath === undefined ? undefined : readConfig(configPath);
  if (config && holdsSecret(config)) config.warnings.forEach(warn);
  const read = (name: ZoomVariable): string | undefined => {
    const isReplaced = REPLACED_BY[name]?.some(isInEnvironment) ?? false;
    return readVariable(name, isReplaced ? undefined : config);
  };
  return {
    credentials: readCredentials(read, warn),
    baseUrl: read('ZOOM_BASE_URL') ?? ZOOM.baseUrl,
    tokenUrl: read('ZOOM_TOKEN_URL') ?? ZOOM.tokenUrl,
  };
}

function holdsSecret({ values }: Config): boolean {
  return ['ZOOM_CLIENT_SECRET', 'ZOOM_ACCESS_TOKEN', 'ZOOM_IM_GROUPS_SHARED_LIMIT'].some((name) =>
    values.has(name),
  );
}

function readCredentials(
  read: (name: ZoomVariable) => string | undefined,
  warn: (message: string) => void,
): Credentials {
  const token = read('ZOOM_ACCESS_TOKEN');
  if (token) return { type: 'token', token: token.trim() };
  const accountId = read('ZOOM_ACCOUNT_ID');
  const clientId = read('ZOOM_CLIENT_ID');
  const secretFile = read('ZOOM_CLIENT_SECRET_FILE');
  const clientSecret =
    read('ZOOM_CLIENT_SECRET') ?? (secretFile === undefined ? undefined : readSecretFile(secretFile, warn));
  if (accountId && clientId && clientSecret) return { type: 'app', accountId, clientId, clientSecret };
  if (!accountId && !clientId && !clientSecret) {
    throw usageError(
      'no credentials for Zoom',
      'Set ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET (or ZOOM_ACCESS_TOKEN) in the environment or in a --config file, as the README explains under Setup; or try it with --simulate.',
    );
  }
  const missing = [
    ...(accountId ? [] : ['ZOOM_ACCOUNT_ID']),
    ...(clientId ? [] : ['ZOOM_CLIENT_ID']),
    ...(clientSecret ? [] : ['ZOOM_CLIENT_SECRET (or ZOOM_CLIENT_SECRET_FILE)']),
  ];
  throw usageError(
    `incomplete credentials: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`,
    'A Server-to-Server OAuth app has all three; or set ZOOM_ACCESS_TOKEN instead.',
  );
}

/** The path is not printed in an error: the secret itself may stand in its place. */
function readSecretFile(path: string, warn: (message: string) => void): string {
  const fail = (reason: string): Error =>
    usageError(
      `the file that ZOOM_CLIENT_SECRET_FILE names can't be read (${reason})`,
      'It holds the path of a file. The secret itself belongs in ZOOM_CLIENT_SECRET.',
    );
  const { text, warnings } = readPrivateFile(path, fail);
  warnings.forEach(warn);
  const secret = text.trim();
  if (secret === '') throw fail('it is empty');
  return secret;
}
