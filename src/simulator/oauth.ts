/** The token call of Server-to-Server OAuth, and which tokens are valid. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { errorResponse, type HttpResponse } from './wire.js';

/** Of a Server-to-Server OAuth app. */
export type AppCredentials = {
  readonly accountId: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

export type TokenSettings = {
  readonly credentials?: AppCredentials;
  /** Valid from the start, without a token call. */
  readonly token?: string;
  /** As in Zoom's example. */
  readonly tokenLifetimeS?: number;
  readonly scopes: readonly string[];
};

const LIFETIME_S = 3600;

export class Tokens {
  readonly credentials: AppCredentials;
  readonly scopes: readonly string[];
  /** Does not expire with time, and no other token replaces it. */
  readonly initial: string;
  /** Token → when it expires, in ms since 1970. Zoom documents that several may be used at once. */
  readonly #validUntil = new Map<string, number>();
  readonly #lifetimeS: number;
  readonly #now: () => number;
  /** How many token calls returned a token. */
  issuedCount = 0;

  /** @param now ms since 1970 */
  constructor({ credentials, token, tokenLifetimeS, scopes }: TokenSettings, now: () => number) {
    this.#now = now;
    const random = (): string => randomBytes(16).toString('base64url');
    this.initial = token ?? random();
    this.credentials = credentials ?? { accountId: random(), clientId: random(), clientSecret: random() };
    this.scopes = scopes;
    this.#lifetimeS = tokenLifetimeS ?? LIFETIME_S;
    this.#validUntil.set(this.initial, Infinity);
  }

  /** The error response for a token that is not valid; undefined for one that is. */
  reject(authorization: string | undefined): HttpResponse | undefined {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
    const until = this.#validUntil.get(token);
    if (until === undefined) return errorResponse(401, 124, 'Invalid access token.');
    return this.#now() < until ? undefined : errorResponse(401, 124, 'Access token is expired.');
  }

  expireAll(): void {
    for (const token of this.#validUntil.keys()) this.#validUntil.set(token, -Infinity);
  }

  /** The grant is read from the form body and from the query, for Zoom documents both. */
  issue(
    { method, headers }: IncomingMessage,
    query: URLSearchParams,
    body: string,
    replacesOthers: boolean,
  ): HttpResponse {
    if (method !== 'POST') return errorResponse(405, 405, `Request method '${method}' is not supported.`);
    const { accountId, clientId, clientSecret } = this.credentials;
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    if (headers.authorization !== `Basic ${basic}`) {
      return oauthError('Invalid client_id or client_secret', 'invalid_client');
    }
    if (body !== '' && !headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
      return oauthError('unsupported content type', 'invalid_request');
    }
    const form = new URLSearchParams(body);
    const read = (name: string): string | null => form.get(name) ?? query.get(name);
    if (read('grant_type') !== 'account_credentials') {
      return oauthError('unsupported grant type', 'unsupported_grant_type');
    }
    if (read('account_id') !== accountId) return oauthError('Bad Request', 'invalid_grant');
    if (replacesOthers) {
      for (const issued of this.#validUntil.keys()) {
        if (issued !== this.initial) this.#validUntil.delete(issued);
      }
    }
    this.issuedCount += 1;
    const token = randomBytes(32).toString('base64url');
    this.#validUntil.set(token, this.#now() + this.#lifetimeS * 1000);
    const grant = {
      access_token: token,
      token_type: 'bearer',
      expires_in: this.#lifetimeS,
      scope: this.scopes.join(' '),
      api_url: 'https://api.zoom.us',
    };
    return { status: 200, body: grant };
  }
}

function oauthError(reason: string, error: string): HttpResponse {
  return { status: 400, body: { reason, error } };
}
