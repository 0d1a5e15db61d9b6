/** Where access tokens come from: one made elsewhere, or Server-to-Server OAuth with one refresh at a time. */
import type { Clock } from '../model/clock.js';
import { createStop, type Stop } from '../model/stop.js';
import { waitOrAbort } from './abort.js';
import type { HttpClient } from './http-client.js';
import { requestToken, type TokenGrant, type TokenResponse } from './token-request.js';

/** How the account is accessed: a token made elsewhere, or an app that can request tokens. */
export type Credentials =
  | { readonly type: 'token'; readonly token: string }
  | {
      readonly type: 'app';
      readonly accountId: string;
      readonly clientId: string;
      readonly clientSecret: string;
    };

export type TokenResult =
  | { readonly type: 'token'; readonly token: string }
  /** The credentials, the scopes or the address are wrong, or nothing has answered for too long. */
  | { readonly type: 'stop'; readonly stop: Stop };

export type TokenSource = {
  /** A token that is valid now. Rejects with the signal's reason if that aborts first. */
  get(signal: AbortSignal): Promise<TokenResult>;
  /** Whether the token is still the one to send; without waiting. */
  isCurrent(token: string): boolean;
  /** A call with this token was accepted. */
  accept(token: string): void;
  /** A call with this token was refused. @returns why the run stops if no other token can be requested */
  refuse(token: string): Stop | undefined;
  /** What the response to the newest request for a token says of it; undefined before there is one. */
  lastGrant(): TokenGrant | undefined;
  /** What must never be shown. */
  secrets(): readonly string[];
  /** Ends the waits between requests for a token. */
  close(): void;
};

/** A token that was made elsewhere cannot be renewed. */
export function createFixedToken(token: string): TokenSource {
  const stop = createStop(
    'token-refused',
    'Zoom refused the access token from ZOOM_ACCESS_TOKEN',
    'Get a new one (they live an hour), or set the credentials of a Server-to-Server OAuth app instead.',
  );
  return {
    get: async () => ({ type: 'token', token }),
    isCurrent: () => true,
    accept: () => undefined,
    refuse: () => stop,
    lastGrant: () => undefined,
    secrets: () => [token],
    close: () => undefined,
  };
}

export type OAuthOptions = {
  readonly accountId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenUrl: URL;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Of each list the token needs one scope; tokens that do not name their scopes are not checked. */
  readonly scopes: readonly (readonly string[])[];
};

type Token = {
  readonly token: string;
  /** ms of the monotonic clock. */
  readonly renewAt: number;
};

/** Renewed so long before it expires that none expires on its way, but not at each request if it lives a minute. */
const EARLY = { maxMs: 60_000, share: 0.1 } as const;

/** Waits between requests for a token: full jitter up to min(30 s, 1 s · 2^n), as for every other request. */
const BACKOFF = { baseMs: 1_000, capMs: 30_000 } as const;

/** Attempts before a token address that never answered counts as unreachable. */
const FIRST_ATTEMPTS = 5;

/** As long as the circuit breaker waits for an outage to end. */
const GIVE_UP_AFTER_MS = 600_000;

/** Secrets to look for: no response repeats a token that is older than the last few. */
const TOKENS_REMEMBERED = 5;

export function createOAuthTokens(options: OAuthOptions): TokenSource {
  return new OAuthTokens(options);
}

/**
 * Users saw a new token end the validity of the one before, so there is one token per process, and all requests wait
 * for the one refresh.
 */
class OAuthTokens implements TokenSource {
  readonly #options: OAuthOptions;
  readonly #credentials: readonly string[];
  /** The newest last. */
  #issued: readonly string[] = [];
  #current: Token | undefined;
  #lastGrant: TokenGrant | undefined;
  #refresh: Promise<TokenResult> | undefined;
  /** Whether a refused token may be replaced: once, and again after a call accepted the new one. */
  #mayRenew = true;
  #stop: Stop | undefined;
  readonly #closing = new AbortController();

  constructor(options: OAuthOptions) {
    this.#options = options;
    const { clientId, clientSecret } = options;
    this.#credentials = [clientSecret, Buffer.from(`${clientId}:${clientSecret}`).toString('base64')];
  }

  async get(signal: AbortSignal): Promise<TokenResult> {
    signal.throwIfAborted();
    if (this.#stop) return { type: 'stop', stop: this.#stop };
    if (this.#current && this.isCurrent(this.#current.token))
      return { type: 'token', token: this.#current.token };
    this.#refresh ??= this.#renew().finally(() => {
      this.#refresh = undefined;
    });
    return waitOrAbort(this.#refresh, signal);
  }

  isCurrent(token: string): boolean {
    return this.#current?.token === token && this.#options.clock.monotonic() < this.#current.renewAt;
  }

  accept(token: string): void {
    if (token === this.#current?.token) this.#mayRenew = true;
  }

  refuse(token: string): Stop | undefined {
    // The late refusal of an older token says nothing about the newest.
    if (this.#stop || token !== this.#current?.token) return this.#stop;
    this.#current = undefined;
    if (this.#mayRenew) this.#mayRenew = false;
    else {
      this.#stop = createStop(
        'token-refused',
        'Zoom refused a new access token before any call had accepted it',
        'Check at marketplace.zoom.us that the app is activated and belongs to this account, and that ZOOM_BASE_URL fits ZOOM_TOKEN_URL.',
      );
    }
    return this.#stop;
  }

  lastGrant(): TokenGrant | undefined {
    return this.#lastGrant;
  }

  secrets(): readonly string[] {
    return [...this.#credentials, ...this.#issued];
  }

  close(): void {
    this.#closing.abort();
  }

  /** Requests a token until there is one, or a reason to stop. Rows wait meanwhile; it costs them no attempt. */
  async #renew(): Promise<TokenResult> {
    const { clock, random } = this.#options;
    const startedAt = clock.monotonic();
    for (let attempt = 1; ; attempt += 1) {
      const askedAt = clock.monotonic();
      const response = await requestToken(this.#options, () => this.secrets());
      switch (response.type) {
        case 'issued':
          return this.#keep(response, askedAt);
        case 'refused':
          this.#stop = response.stop;
          return { type: 'stop', stop: response.stop };
        case 'failed': {
          const isFirst = this.#issued.length === 0;
          const isOver = isFirst
            ? attempt >= FIRST_ATTEMPTS
            : clock.monotonic() - startedAt >= GIVE_UP_AFTER_MS;
          if (isOver) return { type: 'stop', stop: noTokenYet(response) };
          const jitterMs = random() * Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** (attempt - 1));
          const waitMs = Math.max(jitterMs, Math.min(response.waitMs ?? 0, BACKOFF.capMs));
          await clock.sleep(waitMs, this.#closing.signal);
          if (this.#closing.signal.aborted) return { type: 'stop', stop: noTokenYet(response) };
        }
      }
    }
  }

  #keep({ token, livesMs, grant }: Extract<TokenResponse, { type: 'issued' }>, askedAt: number): TokenResult {
    const earlyMs = Math.min(EARLY.maxMs, livesMs * EARLY.share);
    this.#current = { token, renewAt: askedAt + livesMs - earlyMs };
    this.#lastGrant = grant;
    this.#issued = [...this.#issued, token].slice(-TOKENS_REMEMBERED);
    return { type: 'token', token };
  }
}

function noTokenYet({ message, answered }: Extract<TokenResponse, { type: 'failed' }>): Stop {
  return createStop(
    answered ? 'outage' : 'unreachable',
    message,
    'Check the network, the proxy and ZOOM_TOKEN_URL, or see status.zoom.us; then retry later.',
  );
}
