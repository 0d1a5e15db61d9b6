/** The one request for a token of a Server-to-Server OAuth app, and what its response means. */
import { createStop, type Stop } from '../model/stop.js';
import { createRedactor } from '../text/redact.js';
import type { Exchange, HttpClient, HttpRequest } from './http-client.js';
import { parseObject, toLine } from './response-body.js';
import { describeSilence } from './response-classifier.js';
import { tlsFailed } from './response-stops.js';
import { parseRetryAfter } from './retry-after.js';

export type TokenRequest = {
  readonly accountId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenUrl: URL;
  readonly http: HttpClient;
  /** Of each list the token needs one scope. */
  readonly scopes: readonly (readonly string[])[];
  readonly clock: { now(): number };
};

/** What a response says about its token; absent fields were not in the response. */
export type TokenGrant = {
  readonly expiresInS?: number;
  readonly scopes?: readonly string[];
  readonly apiUrl?: string;
};

export type TokenResponse =
  | {
      readonly type: 'issued';
      readonly token: string;
      readonly livesMs: number;
      readonly grant: TokenGrant;
    }
  | { readonly type: 'refused'; readonly stop: Stop }
  /** It may work later. `answered`: a server answered at all. */
  | {
      readonly type: 'failed';
      readonly message: string;
      readonly answered: boolean;
      readonly waitMs?: number;
    };

/** Sends one request, as a form; if the server does not read forms, once more with query parameters. */
export async function requestToken(
  request: TokenRequest,
  secrets: () => readonly string[],
): Promise<TokenResponse> {
  const redact = createRedactor(secrets);
  const toText = (text: string) => toLine(text, redact);
  const asForm = await request.http.exchange(buildRequest(request, 'form'));
  if (!missesParameters(asForm)) return classifyToken(asForm, request, toText);
  const asQuery = await request.http.exchange(buildRequest(request, 'query'));
  return classifyToken(asQuery, request, toText);
}

/** Zoom documents both; as query parameters it has begun to fail for some (developer forum). */
function buildRequest(request: TokenRequest, form: 'form' | 'query'): HttpRequest {
  const { accountId, clientId, clientSecret, tokenUrl } = request;
  const parameters = new URLSearchParams({ grant_type: 'account_credentials', account_id: accountId });
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const url = new URL(tokenUrl);
  if (form === 'query') url.search = parameters.toString();
  return {
    method: 'POST',
    url,
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
    body: form === 'form' ? parameters.toString() : '',
  };
}

/** "missing grant type": the form was not read, since it has one. */
function missesParameters(exchange: Exchange): boolean {
  if (exchange.type !== 'answered' || exchange.status !== 400) return false;
  const { error, reason } = parseObject(exchange.body) ?? {};
  return /missing|required/i.test(`${asText(error)} ${asText(reason)}`) && asText(error) !== 'invalid_client';
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function classifyToken(
  exchange: Exchange,
  request: TokenRequest,
  toText: (text: string) => string,
): TokenResponse {
  if (exchange.type === 'unanswered') {
    const message = toText(describeSilence(exchange));
    if (exchange.tls) return { type: 'refused', stop: tlsFailed(message) };
    return { type: 'failed', answered: false, message: `no access token: ${message}` };
  }
  const { status, complete, headers } = exchange;
  if (status === 200 && complete) return readToken(exchange.body, request, toText);
  if (status === 200 || status === 408 || status === 429 || status >= 500) {
    const message = `no access token: ${request.tokenUrl.host} answered HTTP ${status}${status === 200 ? ', cut short' : ''}`;
    const waitMs = parseRetryAfter(headers, request.clock.now());
    return { type: 'failed', answered: true, message, ...(waitMs === undefined ? {} : { waitMs }) };
  }
  return { type: 'refused', stop: explainRefusal(status, exchange.body, toText) };
}

/** Zoom's tokens live an hour; for a response that does not say. Doctor check `token-life`. */
const LIFETIME_MS = 3_600_000;

function readToken(text: string, request: TokenRequest, toText: (text: string) => string): TokenResponse {
  const { access_token: token, expires_in: expiresIn, scope, api_url: apiUrl } = parseObject(text) ?? {};
  // A header takes nothing else; other characters would throw when it is sent.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    const stop = createStop(
      'no-token',
      `${request.tokenUrl.host} answered the request for a token with HTTP 200, but without a token`,
      'Check ZOOM_TOKEN_URL. If it is right, a proxy or the sign-in page of a network may have answered instead of Zoom.',
    );
    return { type: 'refused', stop };
  }
  const granted = parseScopes(scope);
  const missing = findMissingScopes(granted, request.scopes);
  if (missing) {
    const stop = createStop(
      'scope-missing',
      `the app lacks a scope: its token has none of ${missing.join(', ')}`,
      `At marketplace.zoom.us, add to the app, under Scopes, one of: ${missing.map(toText).join(', ')}. Then run the same command again.`,
    );
    return { type: 'refused', stop };
  }
  const seconds = typeof expiresIn === 'number' || isDigits(expiresIn) ? Number(expiresIn) : Number.NaN;
  const isUsable = Number.isFinite(seconds) && seconds > 0;
  return {
    type: 'issued',
    token,
    livesMs: isUsable ? Math.min(seconds * 1000, LIFETIME_MAX_MS) : LIFETIME_MS,
    grant: {
      ...(isUsable ? { expiresInS: seconds } : {}),
      ...(granted.length === 0 ? {} : { scopes: granted.map(toText) }),
      ...(typeof apiUrl === 'string' ? { apiUrl: toText(apiUrl) } : {}),
    },
  };
}

/** Beyond a day, an `expires_in` is in other units, or wrong. */
const LIFETIME_MAX_MS = 86_400_000;

function isDigits(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,9}$/.test(value);
}

/** Of a list that is separated by blanks; empty if the response names no scopes. */
function parseScopes(scope: unknown): readonly string[] {
  return asText(scope)
    .split(/[\s,]+/)
    .filter((one) => one !== '');
}

/** The first list of which the token has no scope. */
function findMissingScopes(
  granted: readonly string[],
  needed: readonly (readonly string[])[],
): readonly string[] | undefined {
  if (granted.length === 0) return undefined;
  return needed.find(
    (alternatives) => alternatives.length > 0 && !alternatives.some((one) => granted.includes(one)),
  );
}

/** Zoom's OAuth errors, by their `error` field: message and hint. */
const REFUSALS: ReadonlyMap<string, readonly [string, string]> = new Map([
  [
    'invalid_client',
    [
      'Zoom does not know this client id, or the client secret does not belong to it',
      'Check ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET against the app’s page at marketplace.zoom.us.',
    ],
  ],
  [
    'unsupported_grant_type',
    [
      'these credentials belong to another type of app',
      'Create a Server-to-Server OAuth app at marketplace.zoom.us, and use its three values.',
    ],
  ],
  [
    'invalid_grant',
    [
      'Zoom does not accept this account id for the app',
      'Check ZOOM_ACCOUNT_ID against the app’s page at marketplace.zoom.us, and that the app is activated.',
    ],
  ],
]);

function explainRefusal(status: number, text: string, toText: (text: string) => string): Stop {
  const { error, reason } = parseObject(text) ?? {};
  const [message, hint] = REFUSALS.get(asText(error)) ?? [
    'Zoom issued no access token',
    'Check the credentials and ZOOM_TOKEN_URL.',
  ];
  // Only the two fields that Zoom documents: others might repeat what was sent.
  const detail = toText([asText(error), asText(reason)].filter((part) => part !== '').join(', ')).slice(
    0,
    200,
  );
  return createStop('credentials', `${message} (HTTP ${status}${detail === '' ? '' : `, ${detail}`})`, hint);
}
