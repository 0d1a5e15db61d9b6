/** The stand-in for Zoom: one account over real HTTP on loopback, a second reading of Zoom's documentation. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, type Found, findCall, problem, type Sent } from './calls.js';
import { DEFAULT_GROUPS, type SimulatedGroup, Store } from './directory.js';
import { FAULT_KINDS, Faults, seeded } from './faults.js';
import { type Label, type Limiter, Limits, type Plan } from './limits.js';
import { type AppCredentials, Tokens } from './oauth.js';

export type { SimulatedGroup };
export { DEFAULT_GROUPS, FAULT_KINDS };

export type SimulatorOptions = {
  readonly accountPlan?: Plan;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** How long an answer takes, give or take 30%. */
  readonly latencyMs?: number;
  /** `KIND` or `KIND:SHARE` each. */
  readonly faults?: readonly string[];
  /** Light calls a day, instead of the plan's. */
  readonly dailyLimit?: number;
  /** The same seed makes the same faults of the same requests. */
  readonly seed?: number;
  readonly groups?: readonly SimulatedGroup[];
  readonly limiter?: Limiter;
  readonly token?: string;
  readonly credentials?: AppCredentials;
};

/** One request as it arrived. */
export type Seen = {
  /** ms of `performance.now()` */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly authorization: string | undefined;
  /** Of calls that a limit counts. */
  label: Label | undefined;
  /** Null where no answer was given. */
  status: number | null;
};

export type Simulator = {
  readonly url: string;
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly token: string;
  readonly credentials: AppCredentials;
  groups(): readonly SimulatedGroup[];
  /** What requests made, also where the answer was lost. */
  created(): readonly { readonly id: string; readonly name: string; readonly at: number }[];
  requests(): readonly Seen[];
  tokensIssued(): number;
  /** The most requests of a label that were admitted in any sliding second. */
  peakPerSecond(label: Label): number;
  /** Ends at once, whatever hangs. */
  close(): Promise<void>;
};

const LATENCY_MS = 40;
const SEEN_MAX = 200_000;

/** Starts a stand-in. @throws Error for an unknown fault or a port that is taken */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const account = new StandIn(options);
  const server = createServer((request, response) => void account.serve(request, response));
  // A client's idle connection must not be cut just as it sends: that is a fault only where one is asked for.
  server.keepAliveTimeout = 60_000;
  await listening(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    baseUrl: `${url}/v2`,
    tokenUrl: `${url}/oauth/token`,
    token: account.tokens.standing,
    credentials: account.tokens.credentials,
    groups: () => account.store.all(),
    created: () => account.store.made,
    requests: () => account.seen,
    tokensIssued: () => account.tokens.issues,
    peakPerSecond: (label) => account.limits.peak(label),
    close: () =>
      new Promise((closed) => {
        account.close();
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

class StandIn {
  readonly store: Store;
  readonly limits: Limits;
  readonly tokens: Tokens;
  readonly seen: Seen[] = [];
  readonly #faults: Faults;
  readonly #jitter: () => number;
  readonly #latencyMs: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #tracked = 0;
  #served = 0;
  #daily: 'daily' | 'daily-bare' | undefined;
  #hasExpired = false;

  constructor(options: SimulatorOptions) {
    const seed = options.seed ?? 1;
    this.store = new Store(options.groups ?? DEFAULT_GROUPS);
    this.limits = new Limits(options.accountPlan ?? 'pro', options.limiter ?? 'sliding', options.dailyLimit);
    this.tokens = new Tokens(options.credentials, options.token);
    this.#faults = new Faults(options.faults ?? [], seeded(seed));
    this.#jitter = seeded(seed + 1);
    this.#latencyMs = options.latencyMs ?? LATENCY_MS;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand.in');
    const method = request.method ?? 'GET';
    const { authorization, host = '' } = request.headers;
    const seen: Seen = {
      at: performance.now(),
      method,
      path: url.pathname,
      host,
      authorization,
      label: undefined,
      status: null,
    };
    if (this.seen.length < SEEN_MAX) this.seen.push(seen);
    try {
      const body = await bytesOf(request);
      if (url.pathname === '/oauth/token') {
        const type = request.headers['content-type'] ?? '';
        this.#answer(response, seen, this.tokens.issue(method, authorization, type, body.toString()));
        return;
      }
      const sent = await readSent(request, body);
      this.#served += 1;
      this.#act(request, response, seen, findCall(this.store, method, url, sent));
    } catch {
      // The client went away in the middle of its request.
      response.destroy();
    }
  }

  #act(request: IncomingMessage, response: ServerResponse, seen: Seen, call: Found | Answer): void {
    const fault = 'act' in call ? this.#faults.draw(call.touches, call.isIm) : undefined;
    if (fault === 'token-expired' && this.#served >= 50 && !this.#hasExpired) {
      this.#hasExpired = true;
      this.tokens.expire();
    }
    const refusal = this.tokens.refusal(request.headers.authorization);
    if (refusal) return this.#answer(response, seen, refusal);
    if (!('act' in call)) return this.#answer(response, seen, call);
    seen.label = call.label;
    if (fault === 'daily' || fault === 'daily-bare') this.#daily ??= fault;
    if (this.#daily && call.touches === 'write')
      return this.#answer(response, seen, this.#dailyRefusal(call.label));
    const verdict = this.limits.admit(call.label, seen.at, Date.now());
    if (verdict === 'day-spent') return this.#answer(response, seen, this.#dailyRefusal(call.label));
    if (verdict === 'too-fast') return this.#answer(response, seen, tooFast());
    this.#afterwards(request, response, seen, call, fault);
  }

  /** An admitted request under the fault that hit it. */
  #afterwards(
    request: IncomingMessage,
    response: ServerResponse,
    seen: Seen,
    call: Found,
    fault: string | undefined,
  ): void {
    const plain = PLAIN_FAULTS[fault ?? ''];
    if (plain) return this.#answer(response, seen, plain(request, seen));
    if (fault === undefined || fault === 'token-expired') return this.#answer(response, seen, call.act());
    if (fault === 'slow') return this.#answer(response, seen, call.act(), 2_000);
    if (fault === 'reset-before') return this.#later(() => request.socket.destroy());
    if (fault === 'hang') {
      if (this.#faults.coin()) call.act();
      return;
    }
    const upset = UPSET[fault];
    if (upset) {
      if (this.#faults.coin()) call.act();
      return this.#answer(response, seen, upset);
    }
    const answer = call.act();
    if (fault === 'reset-after') return this.#later(() => request.socket.destroy());
    if (answer.status >= 300) return this.#answer(response, seen, answer);
    if (fault === 'no-id') return this.#answer(response, seen, { ...answer, body: {} });
    if (fault === 'not-json') return this.#answer(response, seen, { ...answer, body: 'OK <created>' });
    // cut-off and broken-list
    this.#later(() => this.#cutOff(request, response, seen, answer));
  }

  #cutOff(request: IncomingMessage, response: ServerResponse, seen: Seen, answer: Answer): void {
    const whole = Buffer.from(JSON.stringify(answer.body ?? {}));
    seen.status = answer.status;
    response.writeHead(answer.status, { 'content-type': 'application/json', 'content-length': whole.length });
    response.write(whole.subarray(0, whole.length - 2), () => request.socket.destroy());
  }

  #dailyRefusal(label: Label): Answer {
    const perDay = this.limits.perDay(label);
    const resets = new Date(new Date().setUTCHours(24, 0, 0, 0));
    const said = Number.isFinite(perDay) ? ` (${perDay})` : '';
    const message = `You have exceeded the daily rate limit${said} of ${label} API requests permitted for this account. This rate limit may resume at GMT 00:00:00.`;
    const headers: Record<string, string> =
      this.#daily === 'daily-bare'
        ? {}
        : {
            'X-RateLimit-Type': 'Daily-limit',
            'X-RateLimit-Category': label,
            'X-RateLimit-Limit': String(perDay),
            'X-RateLimit-Remaining': '0',
            'Retry-After': resets.toISOString().replace('.000', ''),
          };
    return { ...problem(429, 429, message), headers };
  }

  #answer(response: ServerResponse, seen: Seen, answer: Answer, extraMs = 0): void {
    this.#later(() => {
      const text =
        typeof answer.body === 'string'
          ? answer.body
          : answer.body === undefined
            ? ''
            : JSON.stringify(answer.body);
      this.#tracked += 1;
      seen.status = answer.status;
      response.writeHead(answer.status, {
        'x-zm-trackingid': `v=2.0;clid=sim;rid=WEB_${this.#tracked.toString(16).padStart(12, '0')}`,
        ...(text === ''
          ? {}
          : { 'content-type': text.startsWith('<') ? 'text/html' : 'application/json;charset=UTF-8' }),
        ...answer.headers,
      });
      response.end(text);
    }, extraMs);
  }

  #later(act: () => void, extraMs = 0): void {
    const waitMs = this.#latencyMs * (0.7 + 0.6 * this.#jitter()) + extraMs;
    if (waitMs === 0) return act();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, waitMs);
    this.#timers.add(timer);
  }
}

function tooFast(): Answer {
  const message = 'You have reached the maximum per-second rate limit for this API. Try again later.';
  return { ...problem(429, 429, message), headers: { 'X-RateLimit-Type': 'QPS' } };
}

/** Answers that take no effect and need no coin. */
const PLAIN_FAULTS: Readonly<Record<string, (request: IncomingMessage, seen: Seen) => Answer>> = {
  '503': () => ({ ...problem(503, 503, 'Service Unavailable'), headers: { 'Retry-After': '1' } }),
  '429': tooFast,
  '401': () => problem(401, 124, 'Invalid access token.'),
  '400': () => problem(400, 300, 'Validation Failed.', [{ field: 'type', message: 'Invalid field.' }]),
  '403': () => problem(403, 403, 'Forbidden'),
  paid: () => problem(200, 200, 'Only available for paid account:kV2mTq8aQbO.'),
  scope: () =>
    problem(
      400,
      4711,
      'Invalid access token, does not contain scopes:[imgroup:write:admin, contact_group:write:group:admin].',
    ),
  'no-list': () => problem(400, 4711, 'Invalid access token, does not contain scopes:[imgroup:read:admin].'),
  gone: () => problem(410, 4137, 'The IM Group APIs are no longer available.'),
  redirect: ({ headers }, { path }) => ({
    status: 302,
    headers: { Location: `http://${(headers.host ?? '').replace('127.0.0.1', 'localhost')}${path}` },
  }),
  'echo-secret': ({ headers }) => problem(400, 300, `Bad header: ${headers.authorization}`),
};

/** Answers that may come although the request took effect. */
const UPSET: Readonly<Record<string, Answer>> = {
  '500': problem(500, 500, 'Internal Server Error'),
  'empty-500': { status: 500 },
  '502': { status: 502, body: '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>' },
};

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Reads a body as its media type says; Node's own Request understands forms. */
async function readSent(request: IncomingMessage, body: Buffer): Promise<Sent> {
  const type = request.headers['content-type'] ?? '';
  if (body.length === 0) return { kind: 'none', fields: {} };
  try {
    if (/^application\/json\b/i.test(type)) {
      const parsed: unknown = JSON.parse(body.toString());
      const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
      return isObject
        ? { kind: 'json', fields: parsed as Record<string, unknown> }
        : { kind: 'broken', fields: {} };
    }
    if (/^multipart\/form-data\b/i.test(type)) {
      const form = await new Request('http://stand.in', {
        method: 'POST',
        headers: { 'content-type': type },
        body: new Uint8Array(body),
      }).formData();
      return { kind: 'form', fields: Object.fromEntries(form) };
    }
  } catch {
    return { kind: 'broken', fields: {} };
  }
  return { kind: 'other', fields: {} };
}
