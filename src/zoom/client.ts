/** A client for one account: credentials and an address in, its directory out. */
import { createHash } from 'node:crypto';
import type { Target } from '../events/event.js';
import type { Directory } from '../model/directory.js';
import { concurrencyFor, PER_SECOND } from '../resilience/retry-policy.js';
import { VERSION } from '../storage/version.js';
import type { Api } from './api-client.js';
import { CONTACTS_WRITE_SCOPES, contactsDirectory } from './contact-groups.js';
import { openHttp, safeUrl } from './http-client.js';
import { type Body, IM_WRITE_SCOPES, imDirectory } from './im-groups.js';
import { type Credentials, fixedToken, serverToServer, type TokenSource } from './oauth.js';

export type ClientOptions = {
  readonly credentials: Credentials;
  /** https, or http on this machine. */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly api: Target['api'];
  readonly accountPlan: Target['accountPlan'];
  /** Requests a second, instead of the plan's. */
  readonly perSecond?: number | undefined;
  /** Rows in flight; enough for the rate where it is left out. */
  readonly concurrency?: number | undefined;
  readonly body: Body;
  /** Whether groups are to be created or changed: a token without the scope for it then ends the run. */
  readonly writes: boolean;
};

export type Client = {
  readonly directory: Directory;
  readonly target: Target;
  readonly concurrency: number;
  /** What must never be shown. */
  readonly secrets: () => readonly string[];
  /** Tells one account from another; no secret, but not to be shown either. */
  readonly account: string;
  /** Stands for the account in a journal; absent where a token does not name it, for the next token is another. */
  readonly accountMark?: string;
  readonly origin: string;
  /** Cuts every connection. */
  readonly close: () => Promise<void>;
};

/** @throws FatalError (exit 2) for an address that a token must not go to */
export function openClient(options: ClientOptions): Client {
  const { credentials, api: kind, accountPlan } = options;
  const id = accountIn(credentials);
  const baseUrl = safeUrl(options.baseUrl, 'ZOOM_BASE_URL');
  const perSecond = options.perSecond ?? PER_SECOND[kind][accountPlan];
  const concurrency = options.concurrency ?? concurrencyFor(perSecond);
  const http = openHttp({ userAgent: `zoom-im-groups/${VERSION}`, connections: concurrency });
  const token = tokenSource(options, http);
  const api: Api = { http, baseUrl, token, now: Date.now };
  return {
    directory: kind === 'im' ? imDirectory(api, options.body) : contactsDirectory(api),
    target: { baseUrl: options.baseUrl, api: kind, accountPlan, perSecond },
    concurrency,
    secrets: () => token.secrets(),
    account: id ?? sha256(credentials.kind === 'token' ? credentials.token : credentials.accountId),
    ...(id === undefined ? {} : { accountMark: sha256(id).slice(0, 16) }),
    origin: baseUrl.origin,
    close: () => http.close(),
  };
}

function tokenSource({ credentials, tokenUrl, api, writes }: ClientOptions, http: Api['http']): TokenSource {
  if (credentials.kind === 'token') return fixedToken(credentials.token);
  const scopes = !writes ? [] : api === 'im' ? IM_WRITE_SCOPES : CONTACTS_WRITE_SCOPES;
  const url = safeUrl(tokenUrl, 'ZOOM_TOKEN_URL');
  return serverToServer({ ...credentials, tokenUrl: url, http, now: Date.now, scopes });
}

/**
 * The account's id, where the credentials name it. Zoom's tokens are JWTs that do so in `aid` (observed, not
 * documented).
 */
function accountIn(credentials: Credentials): string | undefined {
  if (credentials.kind === 'app') return credentials.accountId;
  try {
    const payload = Buffer.from(credentials.token.split('.')[1] ?? '', 'base64url').toString();
    const claims: unknown = JSON.parse(payload);
    const named = typeof claims === 'object' && claims !== null && 'aid' in claims ? claims.aid : undefined;
    return typeof named === 'string' ? named : undefined;
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
