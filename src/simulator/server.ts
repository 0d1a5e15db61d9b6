/** A simulator of Zoom's API: one account over HTTP on loopback, written from Zoom's documentation alone. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Account } from './account.js';
import {
  AMBIGUOUS_RESPONSES,
  corruptBody,
  createRandom,
  ERROR_RESPONSES,
  FAULT_KINDS,
  Faults,
  missingScope,
  type Occurrence,
} from './faults.js';
import {
  DEFAULT_GROUPS,
  type GroupCreation,
  GroupStore,
  type MemberChange,
  type SimulatedGroup,
} from './group-store.js';
import { type AppCredentials, Tokens } from './oauth.js';
import { type Label, type Limiter, Limits, type Plan } from './rate-limits.js';
import { ALL_SCOPES, matchRoute, type Route } from './routes.js';
import { createUsers, DEFAULT_USERS, type SimulatedUser, UserDirectory } from './users.js';
import { encodeResponse, type HttpResponse, isResponse, parseBody } from './wire.js';

export type { SimulatedGroup, SimulatedUser };
export { createUsers, DEFAULT_GROUPS, DEFAULT_USERS, FAULT_KINDS };

/** Everything has a default. */
export type SimulatorOptions = {
  readonly accountPlan?: Plan;
  readonly groups?: readonly SimulatedGroup[];
  /** A number stands for so many active users, `user1@example.com` and on. */
  readonly users?: readonly SimulatedUser[] | number;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** The mean of the response times, which vary by 30%. */
  readonly latencyMs?: number;
  /** `KIND` or `KIND:PROBABILITY` each. */
  readonly faults?: readonly string[];
  /** Requests of each rate label a day, instead of the plan's. */
  readonly dailyLimit?: number;
  /** The same seed and the same requests meet the same faults. */
  readonly seed?: number;
  /** How late new groups and members are listed under the faults `list-lag` and `member-lag`. */
  readonly lagMs?: number;
  readonly limiter?: Limiter;
  readonly token?: string;
  readonly credentials?: AppCredentials;
  readonly tokenLifetimeS?: number;
  /** What the app may do, in classic or granular scopes; by default everything. */
  readonly scopes?: readonly string[];
  /** The clock of limits, tokens and lags, in ms since 1970; by default a monotonic one. */
  readonly now?: () => number;
};

export type RecordedRequest = {
  /** ms of `performance.now()` */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
  readonly host: string;
  readonly authorization: string | undefined;
  /** Undefined for requests that no limit counts. */
  label: Label | undefined;
  /** Null if no response was sent. */
  status: number | null;
};

export type Simulator = {
  /** The origin. */
  readonly url: string;
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly token: string;
  readonly credentials: AppCredentials;
  readonly users: readonly SimulatedUser[];
  /** The current groups, in order of creation; they can be the groups of another simulator. */
  groups(): readonly SimulatedGroup[];
  /** What requests created, even if the response was lost. */
  created(): readonly GroupCreation[];
  /** Additions and removals of members by requests, one entry a request. */
  memberChanges(): readonly MemberChange[];
  /** The first 200,000, in order of arrival. */
  requests(): readonly RecordedRequest[];
  /** How many token calls returned a token. */
  tokensIssued(): number;
  /** The most requests of a label that were admitted in any sliding second. */
  peakPerSecond(label: Label): number;
  /** Closes all connections at once, hanging ones included. */
  close(): Promise<void>;
};

const LATENCY_MS = 40;
const SLOW_MS = 2_000;
const LAG_MS = 4_500;
const DRIP_INTERVAL_MS = 50;
const TOKENS_EXPIRE_AT_REQUEST = 50;
const RECORDED_REQUESTS_MAX = 200_000;

/** Starts a simulator. @throws Error for an unknown fault or a port that is in use */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const service = new Service(options);
  const server = createServer((request, response) => void service.serve(request, response));
  // An idle connection that closes while the client sends is a fault that only `reset-before` should cause.
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const { groups, users } = service.account;
  return {
    url,
    baseUrl: `${url}/v2`,
    tokenUrl: `${url}/oauth/token`,
    token: service.tokens.initial,
    credentials: service.tokens.credentials,
    users: users.all,
    groups: () => groups.snapshot(),
    created: () => groups.created,
    memberChanges: () => groups.memberChanges,
    requests: () => service.requests,
    tokensIssued: () => service.tokens.issuedCount,
    peakPerSecond: (label) => service.limits.peak(label),
    close: () =>
      new Promise((resolve) => {
        service.isClosed = true;
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Exchange = {
  readonly response: ServerResponse;
  readonly recorded: RecordedRequest;
  /** How the body is compressed. */
  coding?: 'gzip' | 'br';
};

const NO_FAULT: Occurrence = { kind: undefined, all: new Set() };

class Service {
  readonly account: Account;
  readonly limits: Limits;
  readonly tokens: Tokens;
  readonly requests: RecordedRequest[] = [];
  isClosed = false;
  readonly #faults: Faults;
  readonly #jitter: () => number;
  readonly #latencyMs: number;
  readonly #lagMs: number;
  readonly #now: () => number;
  #trackingIds = 0;
  #apiRequests = 0;
  /** The daily limit is used up by a fault. */
  #dailyFault: 'daily' | 'daily-bare' | undefined;
  #haveTokensExpired = false;

  constructor(options: SimulatorOptions) {
    const seed = options.seed ?? 1;
    const now = options.now ?? (() => performance.timeOrigin + performance.now());
    this.#now = now;
    const users = new UserDirectory(options.users ?? DEFAULT_USERS);
    const userIds = users.all.flatMap(({ id }) => id ?? []);
    const groups = new GroupStore(options.groups ?? DEFAULT_GROUPS, userIds, now);
    this.account = { plan: options.accountPlan ?? 'pro', groups, users };
    this.limits = new Limits(this.account.plan, options.limiter ?? 'sliding', options.dailyLimit);
    this.tokens = new Tokens({ ...options, scopes: options.scopes ?? ALL_SCOPES }, now);
    this.#faults = new Faults(options.faults ?? [], createRandom(seed));
    this.#jitter = createRandom(seed + 1);
    this.#latencyMs = options.latencyMs ?? LATENCY_MS;
    this.#lagMs = options.lagMs ?? LAG_MS;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers, url: target = '' } = request;
    const { authorization, host = '' } = headers;
    const url = new URL(`http://simulator${target.startsWith('/') ? target : '/'}`);
    const { pathname: path, search: query } = url;
    const at = performance.now();
    const recorded: RecordedRequest = {
      ...{ at, method, path, query, host, authorization },
      label: undefined,
      status: null,
    };
    if (this.requests.length < RECORDED_REQUESTS_MAX) this.requests.push(recorded);
    const exchange: Exchange = { response, recorded };
    this.#trackingIds += 1;
    const id = this.#trackingIds.toString(16).padStart(12, '0');
    response.setHeader('x-zm-trackingid', `v=2.0;clid=sim;rid=WEB_${id}`);
    const bytes = await buffer(request).catch(() => undefined);
    // The client disconnected while it sent the request.
    if (!bytes) return void response.destroy();
    if (path === '/oauth/token') {
      const replacesOthers = this.#faults.replacesTokens();
      const grant = this.tokens.issue(request, url.searchParams, bytes.toString(), replacesOthers);
      return this.#send(exchange, grant);
    }
    const body = await parseBody(headers['content-type'] ?? '', bytes);
    this.#apiRequests += 1;
    const matched = matchRoute(method, path);
    const isMatched = !isResponse(matched);
    const fault = isMatched ? this.#faults.draw(matched.route, body.type === 'form') : NO_FAULT;
    if (fault.all.has('gzip')) exchange.coding = this.#trackingIds % 2 === 0 ? 'br' : 'gzip';
    const isDue = fault.all.has('token-expired') && this.#apiRequests >= TOKENS_EXPIRE_AT_REQUEST;
    if (isDue && !this.#haveTokensExpired) {
      this.#haveTokensExpired = true;
      this.tokens.expireAll();
    }
    const rejection = this.tokens.reject(authorization);
    if (rejection) return this.#send(exchange, rejection);
    if (!isMatched) return this.#send(exchange, matched);
    this.#handle(exchange, matched.route, fault, () =>
      matched.route.handle({
        ...this.account,
        ...matched,
        faults: fault.all,
        listLagMs: fault.all.has('list-lag') ? this.#lagMs : 0,
        memberLagMs: fault.all.has('member-lag') ? this.#lagMs : 0,
        query: url.searchParams,
        body,
        now: this.#now(),
      }),
    );
  }

  /** @param act lets the request take effect */
  #handle(exchange: Exchange, route: Route, { kind }: Occurrence, act: () => HttpResponse): void {
    const { label, scopes } = route;
    exchange.recorded.label = label;
    if (!scopes.some((scope) => this.tokens.scopes.includes(scope))) {
      return this.#send(exchange, missingScope(route));
    }
    const limited = this.#limit(route, kind);
    if (limited) return this.#send(exchange, limited);
    const limits = this.limits.headers(label, this.#now());
    exchange.response.setHeaders(new Map(Object.entries(limits)));
    const toError = ERROR_RESPONSES[kind ?? ''];
    if (!toError) return this.#respond(exchange, kind, act);
    this.#send(exchange, toError({ ...exchange.recorded, scopes, flipCoin: () => this.#faults.flipCoin() }));
  }

  /** The 429 of a limit, or of a fault that imitates one. */
  #limit({ label, method }: Route, fault: string | undefined): HttpResponse | undefined {
    const now = this.#now();
    if (fault === 'daily' || fault === 'daily-bare') this.#dailyFault ??= fault;
    if (this.#dailyFault && method !== 'GET')
      return this.limits.reportDaily(label, now, this.#dailyFault === 'daily-bare');
    return fault === '429' ? this.limits.reportPerSecond(label) : this.limits.check(label, now);
  }

  /** Responds to an admitted request, with the fault that occurs in the response or on the way to it. */
  #respond(exchange: Exchange, fault: string | undefined, act: () => HttpResponse): void {
    const ambiguous = AMBIGUOUS_RESPONSES[fault ?? ''];
    if (ambiguous || fault === 'hang' || fault === 'drip') {
      if (this.#faults.flipCoin()) act();
      if (ambiguous) this.#send(exchange, ambiguous);
      if (fault === 'drip') this.#later(() => this.#drip(exchange));
      return;
    }
    const reset = (): void => this.#later(() => exchange.response.req.socket.destroy());
    if (fault === 'reset-before') return reset();
    const response = act();
    if (fault === 'reset-after') return reset();
    if (fault === 'slow') return this.#send(exchange, response, SLOW_MS);
    if (response.status >= 300) return this.#send(exchange, response);
    if (fault === 'cut-off' || fault === 'list-cut') {
      return this.#later(() => this.#sendPart(exchange, response));
    }
    this.#send(exchange, { ...response, ...corruptBody(fault, response) });
  }

  /** All but the last two bytes, then a reset. */
  #sendPart({ response, recorded, coding }: Exchange, content: HttpResponse): void {
    const { bytes, headers } = encodeResponse(content, coding);
    recorded.status = content.status;
    response.writeHead(content.status, { ...headers, 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length - 2), () => response.req.socket.destroy());
  }

  /** Blanks, which JSON allows before a value, until the client gives up. */
  #drip({ response, recorded }: Exchange): void {
    recorded.status = 200;
    response.writeHead(200, { 'content-type': 'application/json;charset=UTF-8' });
    const timer = setInterval(() => response.write(' '), DRIP_INTERVAL_MS);
    response.once('close', () => clearInterval(timer));
  }

  #send({ response, recorded, coding }: Exchange, content: HttpResponse, extraMs = 0): void {
    this.#later(() => {
      recorded.status = content.status;
      const { bytes, headers } = encodeResponse(content, coding);
      response.writeHead(content.status, headers).end(bytes);
    }, extraMs);
  }

  /** Acts after the latency, unless the simulator is closed by then. */
  #later(act: () => void, extraMs = 0): void {
    const waitMs = this.#latencyMs * (0.7 + 0.6 * this.#jitter()) + extraMs;
    const actIfOpen = (): void => {
      if (!this.isClosed) act();
    };
    if (waitMs === 0) actIfOpen();
    else setTimeout(actIfOpen, waitMs).unref();
  }
}
