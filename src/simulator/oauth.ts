/** The token call of Server-to-Server OAuth, and which tokens are good just now. */
import { randomBytes } from 'node:crypto';
import { type Answer, problem } from './calls.js';

export type AppCredentials = {
  readonly accountId: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

const SCOPES = [
  'imgroup:read:admin',
  'imgroup:write:admin',
  'contact_group:read:admin',
  'contact_group:write:admin',
  'contact_group:read:list_groups:admin',
  'contact_group:write:group:admin',
];

const LIFETIME_S = 3600;

export class Tokens {
  readonly credentials: AppCredentials;
  /** Made elsewhere, as it were: it neither expires nor is replaced. */
  readonly standing: string;
  /** Of those that were issued here only the newest is good: users saw a new one kill the one before. */
  #issued: { readonly token: string; readonly until: number } | undefined;
  #revoked = false;
  #issues = 0;

  constructor(credentials: AppCredentials | undefined, standing: string | undefined) {
    const random = (): string => randomBytes(16).toString('base64url');
    this.standing = standing ?? random();
    this.credentials = credentials ?? { accountId: random(), clientId: random(), clientSecret: random() };
  }

  /** How many tokens were asked for with success. */
  get issues(): number {
    return this.#issues;
  }

  /** Undefined where the token is good. */
  refusal(authorization: string | undefined): Answer | undefined {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
    if (token !== undefined && token === this.standing && !this.#revoked) return undefined;
    if (token !== undefined && token === this.#issued?.token) {
      return Date.now() < this.#issued.until ? undefined : problem(401, 124, 'Access token is expired.');
    }
    return problem(401, 124, 'Invalid access token.');
  }

  /** Every token given out so far is bad from now on. */
  expire(): void {
    this.#issued = undefined;
    this.#revoked = true;
  }

  /** The answer to a token request, which is a form with Basic credentials. */
  issue(method: string, authorization: string | undefined, contentType: string, body: string): Answer {
    if (method !== 'POST') return problem(405, 405, `Request method '${method}' is not supported.`);
    const { accountId, clientId, clientSecret } = this.credentials;
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    if (authorization !== `Basic ${basic}`)
      return oauthError('Invalid client_id or client_secret', 'invalid_client');
    if (!contentType.startsWith('application/x-www-form-urlencoded')) {
      return oauthError('unsupported content type', 'invalid_request');
    }
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== 'account_credentials') {
      return oauthError('unsupported grant type', 'unsupported_grant_type');
    }
    if (form.get('account_id') !== accountId) return oauthError('Bad Request', 'invalid_grant');
    this.#issues += 1;
    const token = randomBytes(32).toString('base64url');
    this.#issued = { token, until: Date.now() + LIFETIME_S * 1000 };
    const api_url = 'https://api.zoom.us';
    const granted = {
      access_token: token,
      token_type: 'bearer',
      expires_in: LIFETIME_S,
      scope: SCOPES.join(' '),
      api_url,
    };
    return { status: 200, body: granted };
  }
}

function oauthError(reason: string, error: string): Answer {
  return { status: 400, body: { reason, error } };
}
