/** Server-to-Server OAuth: one token a process, one refresh at a time, to one address. */

import type { Reply } from '../model/reply.js';
import { EXIT, FatalError } from '../model/stop.js';
import { createRedactor, type Redact } from '../text/redact.js';
import type { Exchange, Http } from './http-client.js';
import { bodyOf, shown } from './response-body.js';

/** How to prove who we are: one ready-made token, or an app that can ask for tokens. */
export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'app';
      readonly accountId: string;
      readonly clientId: string;
      readonly clientSecret: string;
    };

/** Where a bearer token comes from. */
export type TokenSource = {
  /**
   * The token to send, or a reply where none could be had just now.
   * @throws FatalError when the credentials are refused
   */
  token(): Promise<{ readonly token: string } | { readonly reply: Reply }>;
  /** Tells that a token was refused. Whether another can be had. */
  refused(token: string): boolean;
  /** What must never be shown. */
  secrets(): readonly string[];
};

/** A token that was made elsewhere: it can't be renewed. */
export function fixedToken(token: string): TokenSource {
  return { token: async () => ({ token }), refused: () => false, secrets: () => [token] };
}

export type ServerToServer = {
  readonly accountId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenUrl: URL;
  readonly http: Http;
  /** ms since 1970 */
  readonly now: () => number;
  /** Of each list one scope is enough; a token that names its scopes and has none of them ends the run. */
  readonly scopes: readonly string[];
};

/** Renewed this long before it expires, so that none expires on its way. */
const EARLY_MS = 60_000;

/** Zoom says 3600 s; only where an answer does not say. */
const LIFETIME_MS = 3_600_000;

type Held = { readonly token: string; readonly until: number };

/**
 * Tokens of a Server-to-Server OAuth app. A new token was seen to kill the one before, so everybody waits for
 * the one refresh that is under way, and nobody asks for a second.
 */
export function serverToServer(app: ServerToServer): TokenSource {
  let held: Held | undefined;
  let refresh: Promise<Held | Reply> | undefined;
  const seen = new Set<string>([app.clientSecret, basicAuth(app)]);

  const scrub = createRedactor(() => [...seen]);

  const renewed = (): Promise<Held | Reply> => {
    refresh ??= requestToken(app, scrub)
      .then((got) => {
        if ('token' in got) {
          held = got;
          seen.add(got.token);
        }
        return got;
      })
      .finally(() => {
        refresh = undefined;
      });
    return refresh;
  };

  return {
    token: async () => {
      if (held && app.now() < held.until - EARLY_MS) return { token: held.token };
      const got = await renewed();
      return 'token' in got ? { token: got.token } : { reply: got };
    },
    refused: (token) => {
      // Only the newest is forgotten: a late refusal of an older one must not cost a second refresh.
      if (held?.token === token) held = undefined;
      return true;
    },
    secrets: () => [...seen],
  };
}

function basicAuth({ clientId, clientSecret }: ServerToServer): string {
  return Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
}

async function requestToken(app: ServerToServer, scrub: Redact): Promise<Held | Reply> {
  const { accountId, tokenUrl, http, now } = app;
  const asked = now();
  const exchange = await http.exchange({
    method: 'POST',
    url: tokenUrl,
    headers: {
      authorization: `Basic ${basicAuth(app)}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'account_credentials', account_id: accountId }).toString(),
  });
  // An answer that was cut short may come whole the next time.
  if (exchange.kind === 'answered' && exchange.status === 200 && !exchange.cut)
    return tokenIn(exchange.body, asked, app);
  return refusedOrTrouble(exchange, scrub);
}

function tokenIn(text: string, asked: number, app: ServerToServer): Held {
  const body = bodyOf(text);
  const { access_token: token, expires_in: seconds, scope } = body;
  if (typeof token !== 'string' || token === '') {
    throw new FatalError({
      exit: EXIT.actionRequired,
      reason: 'no-token',
      message: `${app.tokenUrl.host} answered the request for a token with HTTP 200, but without a token`,
      hint: 'Check ZOOM_TOKEN_URL. Where it is right, a proxy or the sign-in page of a network may have answered instead of Zoom.',
    });
  }
  if (typeof scope === 'string') requireScope(scope, app.scopes);
  return { token, until: asked + (typeof seconds === 'number' ? seconds * 1000 : LIFETIME_MS) };
}

function requireScope(scope: string, wanted: readonly string[]): void {
  const has = new Set(scope.split(/[\s,]+/).filter((one) => one !== ''));
  if (has.size === 0 || wanted.length === 0 || wanted.some((one) => has.has(one))) return;
  throw new FatalError({
    exit: EXIT.actionRequired,
    reason: 'scope-missing',
    message: `the app may not create groups: its token has none of the scopes ${wanted.join(', ')}`,
    hint: 'Add one of them to the app at marketplace.zoom.us, under Scopes, and run the same command again.',
  });
}

/** Zoom's OAuth errors, by their `error` field, in a person's terms. */
const REFUSALS: ReadonlyMap<string, readonly [string, string]> = new Map(
  Object.entries<readonly [string, string]>({
    invalid_client: [
      'Zoom does not know this client id, or the secret is not its own',
      'Check ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET against the app’s page at marketplace.zoom.us.',
    ],
    unsupported_grant_type: [
      'these credentials belong to another type of app',
      'Create a Server-to-Server OAuth app at marketplace.zoom.us, and use its three values.',
    ],
    invalid_grant: [
      'Zoom does not accept this account id for the app',
      'Check ZOOM_ACCOUNT_ID against the app’s page, and that the app is activated.',
    ],
  }),
);

function refusedOrTrouble(exchange: Exchange, scrub: Redact): Reply {
  if (exchange.kind === 'unanswered') {
    // Even where the request left: a token that nobody got makes no group.
    const { code, message, tls } = exchange;
    const said = shown(`token: ${code} ${message}`, scrub);
    if (!tls) return { kind: 'trouble', ambiguous: false, patience: 'long', message: said };
    const hint = 'If a proxy of your company re-signs traffic, name its certificate in NODE_EXTRA_CA_CERTS.';
    throw new FatalError({
      exit: EXIT.actionRequired,
      reason: 'tls',
      message: `no trusted connection to Zoom: ${said}`,
      hint,
    });
  }
  const { status } = exchange;
  if (status === 429 || status >= 500 || status === 200) {
    const message = `the token address answered HTTP ${status}${status === 200 ? ', cut short' : ''}`;
    return { kind: 'trouble', ambiguous: false, patience: 'long', http: status, message };
  }
  const { error, reason } = bodyOf(exchange.body);
  const [message, hint] = REFUSALS.get(String(error)) ?? [
    'Zoom gives out no token',
    'Check the credentials and ZOOM_TOKEN_URL.',
  ];
  // Only the two fields that Zoom documents: the rest might echo what it was sent.
  const said = shown([error, reason].filter((part) => typeof part === 'string').join(', '), scrub);
  const words = `${message} (HTTP ${status}${said === '' ? '' : `, ${said.slice(0, 200)}`})`;
  throw new FatalError({ exit: EXIT.actionRequired, reason: 'credentials', message: words, hint });
}
