/** The token call of Server-to-Server OAuth, and which tokens are good just now. */
import { randomBytes } from 'node:crypto';
import { type Answer, problem } from './answer.js';

/** Of a Server-to-Server OAuth app. */
export type AppCredentials = {
  readonly accountId: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

/** What the app may do: both APIs, in the classic words and in the granular ones. */
const SCOPES = [
  'imgroup:read:admin',
  'imgroup:write:admin',
  'contact_group:read:admin',
  'contact_group:write:admin',
  'contact_group:read:list_groups:admin',
  'contact_group:write:group:admin',
];

/** As the documentation's answer has it. */
const LIFETIME_S = 3600;

/** Gives out tokens and knows the good ones. */
export class Tokens {
  readonly credentials: AppCredentials;
  /** Made elsewhere, as it were: it neither expires nor is replaced. */
  readonly standing: string;
  /** Of those that were issued here only the newest is good: users saw a new one kill the one before. */
  #issued: { readonly token: string; readonly until: number } | undefined;
  readonly #expired = new Set<string>();
  readonly #now: () => number;
  #issues = 0;

  /** @param now ms since 1970 */
  constructor(
    credentials: AppCredentials | undefined,
    standing: string | undefined,
    now: () => number = Date.now,
  ) {
    this.#now = now;
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
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
    const isOver = token === this.#issued?.token && this.#now() >= this.#issued.until;
    if (isOver || this.#expired.has(token)) return problem(401, 124, 'Access token is expired.');
    const isGood = token === this.standing || token === this.#issued?.token;
    return isGood ? undefined : problem(401, 124, 'Invalid access token.');
  }

  /** Every token that is good now is bad from now on. */
  expire(): void {
    this.#expired.add(this.standing);
    if (this.#issued) this.#expired.add(this.#issued.token);
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
    this.#issued = { token, until: this.#now() + LIFETIME_S * 1000 };
    const granted = {
      access_token: token,
      token_type: 'bearer',
      expires_in: LIFETIME_S,
      scope: SCOPES.join(' '),
      api_url: 'https://api.zoom.us',
    };
    return { status: 200, body: granted };
  }
}

function oauthError(reason: string, error: string): Answer {
  return { status: 400, body: { reason, error } };
}
