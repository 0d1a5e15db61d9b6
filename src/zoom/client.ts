/** A client for one account: credentials and addresses in, the request path out. */
import { createHash } from 'node:crypto';
import type { ApiClient, PaceChange } from '../model/api.js';
import type { RateLabel } from '../model/call.js';
import type { Clock } from '../model/clock.js';
import { type AccountPlan, REQUESTS_PER_DAY, REQUESTS_PER_SECOND } from '../model/zoom-limits.js';
import type { Limiter } from '../rate-limit/limiter.js';
import { createDailyQuota, type DailyQuota } from '../resilience/daily-quota.js';
import { createRedactor } from '../text/redact.js';
import { createApiClient } from './api-client.js';
import { createHttpClient, type HttpClient, type ProxySettings } from './http-client.js';
import { type Credentials, createFixedToken, createOAuthTokens, type TokenSource } from './oauth.js';
import { parseSafeUrl } from './safe-url.js';

export type ClientOptions = {
  readonly credentials: Credentials;
  /** https, or http on this machine. */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly proxy?: ProxySettings;
  readonly userAgent: string;
  readonly accountPlan: AccountPlan;
  /** Requests/s of a label, instead of the plan's: `--rate` is about the command's writes. */
  readonly rates?: Partial<Record<RateLabel, number>>;
  /** Requests of a label that earlier processes sent on this UTC day. */
  readonly usedToday?: (label: RateLabel) => number;
  /** Of each list the command needs one scope; classic ones first, granular ones after them. */
  readonly scopes: readonly (readonly string[])[];
  /** Asked once a label. */
  readonly limiterFor: (label: RateLabel) => Limiter | Promise<Limiter>;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly onPace: (change: PaceChange) => void;
  /** Connections at once. Default 128, opened as they are needed. */
  readonly connections?: number;
  /** For a whole exchange. Default 60 s. */
  readonly deadlineMs?: number;
};

export type Client = {
  readonly api: ApiClient;
  /** Tells one account from another; not a secret, but not to be shown either. */
  readonly accountId: string;
  /** Stands for the account in a journal; absent if the token does not name it, since the next token differs. */
  readonly accountMark?: string;
  readonly origin: string;
  /** What must never be shown. */
  secrets(): readonly string[];
  /** Closes every connection at once. */
  close(): Promise<void>;
};

/** Requests/s of a label: the user's, or the plan's. */
export function rateFor(options: Pick<ClientOptions, 'accountPlan' | 'rates'>, label: RateLabel): number {
  return options.rates?.[label] ?? REQUESTS_PER_SECOND[label][options.accountPlan];
}

const CONNECTIONS = 128;

/** @throws FatalError (exit 2) for an address that a token must not be sent to, or a proxy that is none */
export function openClient(options: ClientOptions): Client {
  const { credentials, clock, limiterFor, onPace, proxy, deadlineMs } = options;
  const baseUrl = parseSafeUrl(options.baseUrl, 'ZOOM_BASE_URL');
  const tokenUrl = parseSafeUrl(options.tokenUrl, 'ZOOM_TOKEN_URL');
  const http = createHttpClient({
    userAgent: options.userAgent,
    connections: options.connections ?? CONNECTIONS,
    ...(proxy === undefined ? {} : { proxy }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });
  const token = createTokenSource(options, tokenUrl, http);
  const secrets = () => [...token.secrets(), ...proxyPasswords(proxy)];
  const api = createApiClient({
    http,
    baseUrl,
    token,
    limiterFor,
    rateFor: (label) => rateFor(options, label),
    quotaFor: (label) => quotaFor(options, label),
    clock,
    scopes: options.scopes.flat(),
    onPace,
    redact: createRedactor(secrets),
  });
  const accountId = findAccountId(credentials);
  return {
    api,
    accountId: accountId ?? sha256(credentials.type === 'token' ? credentials.token : credentials.accountId),
    ...(accountId === undefined ? {} : { accountMark: sha256(accountId).slice(0, 16) }),
    origin: baseUrl.origin,
    secrets,
    close: () => {
      token.close();
      return http.close();
    },
  };
}

function createTokenSource(options: ClientOptions, tokenUrl: URL, http: HttpClient): TokenSource {
  const { credentials, clock, random, scopes } = options;
  if (credentials.type === 'token') return createFixedToken(credentials.token);
  return createOAuthTokens({ ...credentials, tokenUrl, http, clock, random, scopes });
}

function quotaFor(
  { accountPlan, usedToday, clock }: ClientOptions,
  label: RateLabel,
): DailyQuota | undefined {
  const perDay = REQUESTS_PER_DAY[label][accountPlan];
  if (perDay === undefined) return undefined;
  return createDailyQuota({ label, perDay, usedToday: usedToday?.(label) ?? 0, wallNow: clock.now() });
}

/** Proxies may have a user name and a password in their URL. */
function proxyPasswords(proxy: ProxySettings | undefined): readonly string[] {
  return [proxy?.httpProxy, proxy?.httpsProxy].flatMap((text) => {
    const password = /^[^/]*\/\/[^/@]*?:([^/@]+)@/.exec(text ?? '')?.[1];
    return password === undefined ? [] : [password];
  });
}

/** The account's id, if the credentials name it. Zoom's tokens are JWTs that do so in `aid` (observed, undocumented). */
function findAccountId(credentials: Credentials): string | undefined {
  if (credentials.type === 'app') return credentials.accountId;
  try {
    const payload = Buffer.from(credentials.token.split('.')[1] ?? '', 'base64url').toString();
    const claims: unknown = JSON.parse(payload);
    const id = typeof claims === 'object' && claims !== null && 'aid' in claims ? claims.aid : undefined;
    return typeof id === 'string' && id !== '' ? id : undefined;
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
