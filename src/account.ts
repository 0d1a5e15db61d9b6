/** The account that a command works on: Zoom's, with credentials, or the stand-in's, made for the occasion. */
import { createHash } from 'node:crypto';
import { type Credentials, type Options, type ZoomEnvironment, zoomEnvironment } from './config.js';
import type { Directory } from './core/directory.js';
import type { Target } from './core/event.js';
import type { Group } from './core/group.js';
import { usage } from './core/outcome.js';
import { concurrencyFor, PER_SECOND } from './core/policy.js';
import { MARGIN } from './core/weather.js';
import type { Api } from './io/call.js';
import { CONTACTS_WRITE_SCOPES, contactsDirectory } from './io/contacts.js';
import { openHttp, safeUrl } from './io/http.js';
import { pacer } from './io/pacer.js';
import { fixedToken, serverToServer, type TokenSource } from './io/token.js';
import { IM_WRITE_SCOPES, imDirectory } from './io/zoom.js';
import type { Turns } from './run.js';
import type { Simulator } from './simulator/server.js';
import { VERSION } from './version.js';

export type Account = {
  readonly directory: Directory;
  readonly turns: Turns;
  readonly target: Target;
  readonly simulated: boolean;
  readonly concurrency: number;
  /** What must never be shown. */
  readonly secrets: () => readonly string[];
  /** What stands for the account where runs on it exclude each other; undefined for the stand-in. */
  readonly lockScope: { readonly origin: string; readonly account: string } | undefined;
  /** Ends every connection at once; what is in flight is cut. */
  readonly close: () => Promise<void>;
};

type Warn = (message: string) => void;

/**
 * Opens the account that the options and the environment name.
 * @param known groups that the stand-in is to have besides its own, so that a simulated run can go on
 * @param writes whether the command creates or changes groups, and so needs the scope for it
 * @throws Halt (exit 2) with neither credentials nor --simulate
 */
export async function openAccount(
  options: Options,
  warn: Warn,
  { known = [], writes = false }: { readonly known?: readonly Group[]; readonly writes?: boolean } = {},
): Promise<Account> {
  if (options.simulate) {
    const simulator = await startStandIn(options, known);
    const { baseUrl, tokenUrl, credentials } = simulator;
    const zoom = { baseUrl, tokenUrl, credentials: { kind: 'app', ...credentials } as const, warnings: [] };
    return open(options, zoom, zoom.credentials, { writes, warn, simulator });
  }
  const zoom = zoomEnvironment(options.envFile);
  zoom.warnings.forEach(warn);
  if (!zoom.credentials) {
    throw usage(
      'no credentials for Zoom',
      'Set ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET (or ZOOM_ACCESS_TOKEN), or try it out with --simulate.',
    );
  }
  return open(options, zoom, zoom.credentials, { writes, warn, simulator: undefined });
}

/** Starts the stand-in as the options want it. @throws Halt (exit 2) for a fault that it does not know */
export async function startStandIn(options: Options, known: readonly Group[]): Promise<Simulator> {
  // Only who simulates pays for loading it.
  const { DEFAULT_GROUPS, startSimulator } = await import('./simulator/server.js');
  const { accountPlan, fault, latency, dailyLimit, port, seed } = options;
  try {
    return await startSimulator({
      accountPlan,
      groups: [...DEFAULT_GROUPS, ...known.map(({ id, name }) => ({ id, name }))],
      ...(fault ? { faults: fault } : {}),
      ...(latency === undefined ? {} : { latencyMs: latency }),
      ...(dailyLimit === undefined ? {} : { dailyLimit }),
      ...(port === undefined ? {} : { port }),
      ...(seed === undefined ? {} : { seed }),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usage(`the stand-in can't start: ${why}`, 'See zoom-im-groups simulate --help.');
  }
}

type Opening = {
  readonly writes: boolean;
  readonly warn: Warn;
  readonly simulator: Simulator | undefined;
};

async function open(
  options: Options,
  zoom: ZoomEnvironment,
  credentials: Credentials,
  { writes, warn, simulator }: Opening,
): Promise<Account> {
  const { accountPlan, api: kind = 'im' } = options;
  const baseUrl = safeUrl(zoom.baseUrl, 'ZOOM_BASE_URL');
  const perSecond = options.rate ?? PER_SECOND[kind][accountPlan];
  const concurrency = options.concurrency ?? concurrencyFor(perSecond);
  const http = openHttp({ userAgent: `zoom-im-groups/${VERSION}`, connections: concurrency });
  const scopes = writes ? (kind === 'im' ? IM_WRITE_SCOPES : CONTACTS_WRITE_SCOPES) : [];
  const token = tokenSource(credentials, zoom, http, scopes);
  const api: Api = { http, baseUrl, token, now: Date.now };
  const { account, closeTurns, turns } = await openTurns(options, credentials, perSecond, warn);
  return {
    directory: kind === 'im' ? imDirectory(api, options.body ?? 'multipart') : contactsDirectory(api),
    turns,
    target: { baseUrl: zoom.baseUrl, api: kind, accountPlan, perSecond },
    simulated: simulator !== undefined,
    concurrency,
    secrets: () => [...token.secrets(), ...passwordIn(options.sharedLimit)],
    lockScope: simulator ? undefined : { origin: baseUrl.origin, account },
    close: async () => {
      await Promise.all([http.close(), closeTurns()]);
      await simulator?.close();
    },
  };
}

function tokenSource(
  credentials: Credentials,
  zoom: ZoomEnvironment,
  http: Api['http'],
  scopes: readonly string[],
): TokenSource {
  if (credentials.kind === 'token') return fixedToken(credentials.token);
  const { accountId, clientId, clientSecret } = credentials;
  const tokenUrl = safeUrl(zoom.tokenUrl, 'ZOOM_TOKEN_URL');
  return serverToServer({ accountId, clientId, clientSecret, tokenUrl, http, now: Date.now, scopes });
}

async function openTurns(
  { sharedLimit }: Options,
  credentials: Credentials,
  perSecond: number,
  warn: Warn,
): Promise<{ turns: Turns; account: string; closeTurns: () => Promise<void> }> {
  const account = accountOf(credentials);
  const pace = { perSecond, marginMs: MARGIN.startMs };
  if (sharedLimit === undefined) {
    const turns = pacer(pace);
    return { turns, account, closeTurns: () => turns.close() };
  }
  const { sharedPacer } = await import('./io/shared-limit.js');
  const onBack = (): void => warn('the shared limit is back');
  const turns = await sharedPacer({ ...pace, url: sharedLimit, account, onTrouble: warn, onBack });
  return { turns, account, closeTurns: () => turns.close() };
}

/**
 * What tells one account from another. Zoom's tokens are JWTs that name their account in `aid` (observed, not
 * documented); of any other token, a hash.
 */
function accountOf(credentials: Credentials): string {
  if (credentials.kind === 'app') return credentials.accountId;
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(credentials.token.split('.')[1] ?? '', 'base64url').toString(),
    );
    if (typeof claims === 'object' && claims !== null && 'aid' in claims && typeof claims.aid === 'string') {
      return claims.aid;
    }
  } catch {
    // No JWT: the hash has to do.
  }
  return createHash('sha256').update(credentials.token).digest('hex');
}

function passwordIn(url: string | undefined): readonly string[] {
  if (url === undefined || !URL.canParse(url)) return [];
  const { password } = new URL(url);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
