/** The stand-in for Zoom: one account over real HTTP on loopback, a second reading of Zoom's documentation. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './answer.js';
import { daySpent, REFUSING, tooFast, UPSET } from './fault-responses.js';
import { FAULT_KINDS, Faults, seeded } from './faults.js';
import { DEFAULT_GROUPS, type SimulatedGroup, Store } from './group-store.js';
import { type AppCredentials, Tokens } from './oauth.js';
import { type Label, type Limiter, Limits, type Plan } from './rate-limits.js';
import { type Found, findCall } from './routes.js';
import { bytesOf, readSent } from './wire.js';

export type { SimulatedGroup };
export { DEFAULT_GROUPS, FAULT_KINDS };

/** How the stand-in is to be; everything has a default. */
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
  /** The clock of limits and tokens, in ms since 1970; the process's steady one where none is given. */
  readonly now?: () => number;
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

/** A stand-in that listens, and what it saw. */
export type Simulator = {
  /** The origin. */
  readonly url: string;
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly token: string;
  readonly credentials: AppCredentials;
  /** What is in the directory now, in order of creation. */
  groups(): readonly SimulatedGroup[];
  /** What requests made, also where the answer was lost. */
  created(): readonly { readonly id: string; readonly name: string; readonly at: number }[];
  /** The first 200,000, as they arrived. */
  requests(): readonly Seen[];
  /** How many token calls were answered with a token. */
  tokensIssued(): number;
  /** The most requests of a label that were admitted in any sliding second. */
  peakPerSecond(label: Label): number;
  /** Ends at once, whatever hangs. */
  close(): Promise<void>;
};

const LATENCY_MS = 40;
const SLOW_MS = 2_000;
const EXPIRES_AT_REQUEST = 50;
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

/** A request on its way to an answer. */
type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: Seen;
};

class StandIn {
  readonly store: Store;
  readonly limits: Limits;
  readonly tokens: Tokens;
  readonly seen: Seen[] = [];
  readonly #faults: Faults;
  readonly #jitter: () => number;
  readonly #latencyMs: number;
  readonly #now: () => number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = false;
  #tracked = 0;
  #served = 0;
  #spent: 'daily' | 'daily-bare' | undefined;
  #hasExpired = false;

  constructor(options: SimulatorOptions) {
    const seed = options.seed ?? 1;
    this.#now = options.now ?? (() => performance.timeOrigin + performance.now());
    this.store = new Store(options.groups ?? DEFAULT_GROUPS);
    this.limits = new Limits(options.accountPlan ?? 'pro', options.limiter ?? 'sliding', options.dailyLimit);
    this.tokens = new Tokens(options.credentials, options.token, this.#now);
    this.#faults = new Faults(options.faults ?? [], seeded(seed));
    this.#jitter = seeded(seed + 1);
    this.#latencyMs = options.latencyMs ?? LATENCY_MS;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers, url: target = '' } = request;
    const { authorization, host = '' } = headers;
    const url = new URL(`http://stand.in${target.startsWith('/') ? target : '/'}`);
    const path = url.pathname;
    const at = performance.now();
    const seen: Seen = { at, method, path, host, authorization, label: undefined, status: null };
    if (this.seen.length < SEEN_MAX) this.seen.push(seen);
    const exchange = { request, response, seen };
    const body = await bytesOf(request);
    // The client went away in the middle of its request.
    if (!body) return void response.destroy();
    if (path === '/oauth/token') {
      const type = headers['content-type'] ?? '';
      return this.#answer(exchange, this.tokens.issue(method, authorization, type, body.toString()));
    }
    this.#act(exchange, findCall(this.store, method, url, await readSent(request, body)));
  }

  #act(exchange: Exchange, call: Found | Answer): void {
    this.#served += 1;
    const hits = 'act' in call ? this.#faults.draw(call.doing, call.isIm) : [];
    if (hits.includes('token-expired') && this.#served >= EXPIRES_AT_REQUEST && !this.#hasExpired) {
      this.#hasExpired = true;
      this.tokens.expire();
    }
    const refusal = this.tokens.refusal(exchange.request.headers.authorization);
    if (refusal) return this.#answer(exchange, refusal);
    if (!('act' in call)) return this.#answer(exchange, call);
    exchange.seen.label = call.label;
    const fault = hits.find((kind) => kind !== 'token-expired');
    const limited = this.#limited(call, fault);
    if (limited) return this.#answer(exchange, limited);
    this.#misbehave(exchange, call, fault);
  }

  /** The 429 that a limit, or a fault that plays one, has for a call. */
  #limited({ label, doing }: Found, fault: string | undefined): Answer | undefined {
    const now = this.#now();
    if (fault === 'daily' || fault === 'daily-bare') this.#spent ??= fault;
    const isSpent = this.#spent !== undefined && (doing === 'create' || doing === 'change');
    const verdict = isSpent ? 'day-spent' : fault === '429' ? 'too-fast' : this.limits.admit(label, now);
    if (verdict === 'admitted') return undefined;
    if (verdict === 'too-fast') return tooFast(label, this.limits.perSecond(label));
    return daySpent(label, this.limits.perDay(label), now, this.#spent === 'daily-bare');
  }

  /** An admitted request under the fault that hit it. */
  #misbehave(exchange: Exchange, { act, isIm }: Found, fault = 'none'): void {
    const { request, seen } = exchange;
    const refusing = REFUSING[fault];
    if (refusing) return this.#answer(exchange, refusing({ ...seen, isIm }));
    const upset = UPSET[fault];
    if (upset || fault === 'hang') {
      if (this.#faults.coin()) act();
      if (upset) this.#answer(exchange, upset);
      return;
    }
    const cut = (): void => this.#later(() => request.socket.destroy());
    if (fault === 'reset-before') return cut();
    const answer = act();
    if (fault === 'reset-after') return cut();
    if (fault === 'slow') return this.#answer(exchange, answer, SLOW_MS);
    if (answer.status >= 300) return this.#answer(exchange, answer);
    if (fault === 'cut-off') return this.#later(() => this.#cutOff(exchange, answer));
    this.#answer(exchange, { ...answer, ...spoilt(fault, answer) });
  }

  #cutOff({ request, response, seen }: Exchange, answer: Answer): void {
    const whole = Buffer.from(textOf(answer));
    seen.status = answer.status;
    response.writeHead(answer.status, { ...this.#headers(answer), 'content-length': whole.length });
    response.write(whole.subarray(0, whole.length - 2), () => request.socket.destroy());
  }

  #answer({ response, seen }: Exchange, answer: Answer, extraMs = 0): void {
    this.#later(() => {
      seen.status = answer.status;
      response.writeHead(answer.status, this.#headers(answer)).end(textOf(answer));
    }, extraMs);
  }

  #headers(answer: Answer): Readonly<Record<string, string>> {
    this.#tracked += 1;
    const isPage = typeof answer.body === 'string' && answer.body.startsWith('<');
    const type = isPage ? 'text/html' : 'application/json;charset=UTF-8';
    return {
      'x-zm-trackingid': `v=2.0;clid=sim;rid=WEB_${this.#tracked.toString(16).padStart(12, '0')}`,
      ...(answer.body === undefined ? {} : { 'content-type': type }),
      ...answer.headers,
    };
  }

  #later(act: () => void, extraMs = 0): void {
    if (this.#closed) return;
    const waitMs = this.#latencyMs * (0.7 + 0.6 * this.#jitter()) + extraMs;
    if (waitMs === 0) return act();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, waitMs);
    this.#timers.add(timer);
  }
}

function textOf({ body }: Answer): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** What a fault makes of the body of a good answer. */
function spoilt(fault: string, answer: Answer): Pick<Answer, 'body'> {
  if (fault === 'no-id') return { body: {} };
  if (fault === 'not-json') return { body: 'OK <created>' };
  if (fault === 'broken-list') return { body: textOf(answer).slice(0, -2) };
  return {};
}
