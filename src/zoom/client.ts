/** A client for one account: credentials and addresses in, the request path out. */
import { createHash } from 'node:crypto';
import type { ApiClient, ObserveResponse, PaceChange } from '../model/api.js';
import { RATE_LABELS, type RateLabel } from '../model/call.js';
import type { AccountPlan } from '../model/choices.js';
import type { Clock } from '../model/clock.js';
import { REQUESTS_PER_DAY, REQUESTS_PER_SECOND } from '../model/zoom-limits.js';
import { type Limiters, openLimiters } from '../rate-limit/limiter.js';
import { createDailyQuota, type DailyQuota } from '../resilience/daily-quota.js';
import { concurrencyFor } from '../resilience/retry-policy.js';
import { VERSION } from '../storage/version.js';
import { createRedactor, findUrlSecrets } from '../text/redact.js';
import { createHttpClient, type HttpClient, type ProxySettings } from './http-client.js';
import { type Credentials, createFixedToken, createOAuthTokens, type TokenSource } from './oauth.js';
import { createApiClient } from './request-path.js';
import { parseSafeUrl } from './safe-url.js';
import type { TokenGrant } from './token-request.js';

export type ClientOptions = {
  readonly credentials: Credentials;
  /** https, or http on this machine. */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly proxies: ProxySettings;
  readonly accountPlan: AccountPlan;
  /** Requests/s for calls of `writeLabel`, instead of the plan's. */
  readonly perSecond?: number | undefined;
  readonly writeLabel: RateLabel;
  /** Requests of a label in flight at once. Default: enough for its rate at one second of latency. */
  readonly concurrency?: number | undefined;
  /** The URL of the Redis that shares the rates with other processes; it may hold a password and is never shown. */
  readonly sharedLimit?: string | undefined;
  /** Requests of a label that this run sent before on this UTC day. */
  readonly usedToday?: (label: RateLabel) => number;
  /** Of each list the command needs one scope; classic ones first, granular ones after them. */
  readonly scopes: readonly (readonly string[])[];
  /** Instead of those that keep to the rates. */
  readonly limiters?: Limiters;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** For a whole exchange. Default 60 s. */
  readonly deadlineMs?: number | undefined;
  readonly onResponse?: ObserveResponse | undefined;
};

export type Client = {
  readonly api: ApiClient;
  /** Registers the one listener for changes of speed. */
  onPace(listener: (change: PaceChange) => void): void;
  /** Requests/s of a label: the plan's, or those that were asked for. */
  rateFor(label: RateLabel): number;
  concurrencyFor(label: RateLabel): number;
  /** Tells one account from another; not to be shown, since it may be made from a token. */
  readonly account: string;
  /** Absent if the credentials don't name it. */
  readonly accountId?: string;
  /** Stands for the account in a journal; absent if the token does not name it, since the next token differs. */
  readonly accountMark?: string;
  readonly origin: string;
  /** What Zoom reported about the newest token; undefined if none was requested. */
  lastGrant(): TokenGrant | undefined;
  /** What must never be shown. */
  secrets(): readonly string[];
  /** Closes every connection at once. */
  close(): Promise<void>;
};

/** @throws FatalError (exit 2) for an address that a token must not be sent to, or a proxy that is none */
export function openClient(options: ClientOptions): Client {
  const { credentials, clock, proxies, deadlineMs, accountPlan, writeLabel, perSecond, onResponse } = options;
  const { sharedLimit, warn } = options;
  const baseUrl = parseSafeUrl(options.baseUrl, 'ZOOM_BASE_URL');
  const tokenUrl = parseSafeUrl(options.tokenUrl, 'ZOOM_TOKEN_URL');
  const rateFor = (label: RateLabel): number =>
    (label === writeLabel ? perSecond : undefined) ?? REQUESTS_PER_SECOND[label][accountPlan];
  const inFlight = (label: RateLabel): number => options.concurrency ?? concurrencyFor(rateFor(label));
  const http = createHttpClient({
    userAgent: `zoom-im-groups/${VERSION}`,
    connections: Math.max(...RATE_LABELS.map(inFlight)),
    proxies,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });
  const token = createTokenSource(options, tokenUrl, http);
  const secrets = () => [
    ...token.secrets(),
    ...findProxyPasswords(proxies),
    ...(sharedLimit !== undefined && URL.canParse(sharedLimit) ? findUrlSecrets(new URL(sharedLimit)) : []),
  ];
  const accountId = findAccountId(credentials);
  const account =
    accountId ?? sha256(credentials.type === 'token' ? credentials.token : credentials.accountId);
  let onPace: (change: PaceChange) => void = () => undefined;
  let limiters = options.limiters && Promise.resolve(options.limiters);
  const api = createApiClient({
    http,
    baseUrl,
    token,
    limiterFor: async (label) => {
      limiters ??= openLimiters({
        rateFor,
        account,
        ...(sharedLimit === undefined ? {} : { sharedLimit }),
        onTrouble: warn,
        onRecovery: () => warn('the shared limit is available again'),
      });
      return (await limiters).limiterFor(label);
    },
    rateFor,
    quotaFor: (label) => createQuota(options, label),
    clock,
    scopes: options.scopes.map((alternatives) => alternatives.join(' or ')),
    onPace: (change) => onPace(change),
    onLowerPlan: warnOnce(options),
    redact: createRedactor(secrets),
    ...(onResponse === undefined ? {} : { onResponse }),
  });
  return {
    api,
    onPace: (listener) => {
      onPace = listener;
    },
    rateFor,
    concurrencyFor: inFlight,
    account,
    ...(accountId === undefined ? {} : { accountId, accountMark: sha256(accountId).slice(0, 16) }),
    origin: baseUrl.origin,
    lastGrant: () => token.lastGrant(),
    secrets,
    close: async () => {
      token.close();
      await http.close();
      // If they could not be opened, the first request has reported it.
      const opened = await limiters?.catch(() => undefined);
      await opened?.close();
    },
  };
}

/** Several labels may meet the same cause. */
function warnOnce({ accountPlan, warn }: ClientOptions): () => void {
  let hasWarned = false;
  return () => {
    if (hasWarned || accountPlan === 'free') return;
    hasWarned = true;
    const lower = accountPlan === 'business' ? 'pro' : 'free';
    warn(
      `Zoom refuses even half of the ${accountPlan} plan's rate: if the account is on a lower plan, use --account-plan ${lower}`,
    );
  };
}

function createTokenSource(options: ClientOptions, tokenUrl: URL, http: HttpClient): TokenSource {
  const { credentials, clock, scopes } = options;
  if (credentials.type === 'token') return createFixedToken(credentials.token);
  return createOAuthTokens({ ...credentials, tokenUrl, http, clock, random: Math.random, scopes });
}

function createQuota(
  { accountPlan, usedToday = () => 0, clock }: ClientOptions,
  label: RateLabel,
): DailyQuota | undefined {
  const perDay = REQUESTS_PER_DAY[label][accountPlan];
  if (perDay === undefined) return undefined;
  return createDailyQuota({ label, perDay, usedToday: usedToday(label), wallNow: clock.now() });
}

/** Proxies may have a user name and a password in their URL. */
function findProxyPasswords({ httpProxy, httpsProxy }: ProxySettings): readonly string[] {
  return [httpProxy, httpsProxy].flatMap((text) => {
    const password = /^(?:[^/@]*:\/\/)?[^/@:]*:([^/@]+)@/.exec(text ?? '')?.[1];
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
