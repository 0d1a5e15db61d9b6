/** The one request path: token, slot, quota, request, reply. Every request to Zoom's API takes it. */
import type { ApiClient, ObserveResponse, PaceChange, SendOptions, SendResult } from '../model/api.js';
import type { Call, RateLabel } from '../model/call.js';
import type { Clock } from '../model/clock.js';
import { pickMetadata, type Reply } from '../model/reply.js';
import { FatalError, type Stop } from '../model/stop.js';
import type { Limiter } from '../rate-limit/limiter.js';
import { type AdaptiveRate, adaptRate, createAdaptiveRate } from '../resilience/adaptive-rate.js';
import {
  beginProbe,
  type CircuitBreaker,
  canSend,
  createCircuitBreaker,
  recordReply,
} from '../resilience/circuit-breaker.js';
import { type DailyQuota, takeFromQuota } from '../resilience/daily-quota.js';
import type { Redact } from '../text/redact.js';
import { waitOrAbort } from './abort.js';
import type { Exchange, HttpClient, HttpRequest } from './http-client.js';
import type { TokenSource } from './oauth.js';
import { toLine } from './response-body.js';
import { type ClassifyContext, classifyResponse } from './response-classifier.js';

export type ApiClientOptions = {
  readonly http: HttpClient;
  readonly baseUrl: URL;
  readonly token: TokenSource;
  /** Asked once a label. */
  readonly limiterFor: (label: RateLabel) => Limiter | Promise<Limiter>;
  /** Requests/s. */
  readonly rateFor: (label: RateLabel) => number;
  /** Undefined if the label has no daily limit. */
  readonly quotaFor: (label: RateLabel) => DailyQuota | undefined;
  readonly clock: Clock;
  /** Those that the command needs, for hints. */
  readonly scopes: readonly string[];
  readonly onPace: (change: PaceChange) => void;
  /** Zoom refuses even half of a label's rate: the account is probably on a lower plan. */
  readonly onLowerPlan?: () => void;
  readonly redact: Redact;
  readonly onResponse?: ObserveResponse;
};

export function createApiClient(options: ApiClientOptions): ApiClient {
  return new RequestPath(options);
}

/** What all requests of one label share. */
type LabelControls = {
  readonly label: RateLabel;
  readonly limiter: Limiter;
  readonly rate: AdaptiveRate;
  readonly breaker: CircuitBreaker;
  readonly quota: DailyQuota | undefined;
  /** Resolved by the next reply: a request that waits for a probe looks again. */
  nextReply: Promise<void>;
  announceReply: () => void;
};

class RequestPath implements ApiClient {
  readonly #options: ApiClientOptions;
  /** A promise while they are being made. */
  readonly #controls = new Map<RateLabel, LabelControls | Promise<LabelControls>>();
  /** Shared by the circuit breakers of all labels: one that was never answered has no network. */
  readonly #connectivity = { hasServerAnswered: false };
  /** Whether Zoom accepted any call. */
  #accepted = false;
  /** Calls that a page of HTML denied: such a call is sent once more. */
  readonly #denied = new WeakSet<Call>();

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  async send(call: Call, { signal, beforeSend }: SendOptions): Promise<SendResult> {
    try {
      const known = this.#controls.get(call.label) ?? this.#createControls(call.label);
      const controls = known instanceof Promise ? await waitOrAbort(known, signal) : known;
      const ready = await this.#waitForSlot(controls, signal);
      if (ready.type === 'stop') return { type: 'not-sent', stop: ready.stop };
      // From here to the request there is no await: nothing can change in between.
      if (signal.aborted) return { type: 'not-sent' };
      const stop = controls.quota && takeFromQuota(controls.quota, this.#options.clock.now());
      if (stop) return { type: 'not-sent', stop };
      if (beforeSend?.() === false) return { type: 'not-sent' };
      return await this.#exchange(controls, call, ready.token);
    } catch (error) {
      if (signal.aborted) return { type: 'not-sent' };
      if (error instanceof FatalError) return { type: 'not-sent', stop: error.stop };
      throw error;
    }
  }

  #createControls(label: RateLabel): Promise<LabelControls> {
    const creating = this.#openControls(label).then((controls) => {
      this.#controls.set(label, controls);
      return controls;
    });
    this.#controls.set(label, creating);
    return creating;
  }

  async #openControls(label: RateLabel): Promise<LabelControls> {
    const { limiterFor, rateFor, quotaFor } = this.#options;
    const { promise, resolve } = createSignal();
    return {
      label,
      limiter: await limiterFor(label),
      rate: createAdaptiveRate(rateFor(label)),
      breaker: createCircuitBreaker(this.#connectivity),
      quota: quotaFor(label),
      nextReply: promise,
      announceReply: resolve,
    };
  }

  /**
   * Ends with a token and a slot at the same moment. A pause may outlive the token, and a refresh or a probe may
   * outlast the slot: requests that waited for those take a new slot, since all of them would leave at once otherwise.
   */
  async #waitForSlot(controls: LabelControls, signal: AbortSignal): ReturnType<TokenSource['get']> {
    const { token: tokens } = this.#options;
    for (;;) {
      const result = await tokens.get(signal);
      if (result.type === 'stop') return result;
      await controls.limiter.acquire(signal);
      if (!canSend(controls.breaker)) await waitOrAbort(controls.nextReply, signal);
      else if (tokens.isCurrent(result.token)) return result;
    }
  }

  /** A request that was sent is finished: an abort would leave its effect unknown. */
  async #exchange(controls: LabelControls, call: Call, token: string): Promise<SendResult> {
    const { http, baseUrl, clock, redact, scopes } = this.#options;
    beginProbe(controls.breaker);
    const sentAt = clock.monotonic();
    const sentAtWall = clock.now();
    const exchange = await http.exchange(buildRequest(baseUrl, call, token));
    this.#observe(call, exchange, sentAtWall);
    const context: ClassifyContext = {
      accepted: this.#accepted,
      deniedBefore: this.#denied.has(call),
      scopes,
      wallNow: clock.now(),
      redact,
    };
    const reply = this.#recordToken(classifyResponse(exchange, call, context), token);
    if (reply.httpStatus === 403) this.#denied.add(call);
    const stop = this.#pace(controls, reply, sentAt);
    return { type: 'replied', reply, ...(stop ? { stop } : {}) };
  }

  #observe(call: Call, exchange: Exchange, sentAt: number): void {
    const { onResponse, redact, clock } = this.#options;
    if (!onResponse || exchange.type === 'unanswered') return;
    const headers = Object.entries(exchange.headers)
      .filter(([name]) => name !== 'set-cookie')
      .map(([name, value]) => [name, toLine(value, redact)] as const);
    onResponse(call, {
      status: exchange.status,
      headers: Object.fromEntries(headers),
      sentAt,
      receivedAt: clock.now(),
    });
  }

  #recordToken(reply: Reply, token: string): Reply {
    const { token: tokens } = this.#options;
    if (provesAcceptance(reply)) {
      this.#accepted = true;
      tokens.accept(token);
    }
    if (reply.type !== 'unauthorized') return reply;
    const stop = tokens.refuse(token);
    if (!stop) return reply;
    const { message } = reply;
    return {
      ...pickMetadata(reply),
      type: 'fatal',
      message,
      stop: { ...stop, message: `${stop.message}: ${message}` },
    };
  }

  #pace(controls: LabelControls, reply: Reply, sentAt: number): Stop | undefined {
    const { label, limiter, rate, breaker } = controls;
    const now = this.#options.clock.monotonic();
    const change = adaptRate(rate, reply, sentAt, now);
    const reaction = recordReply(breaker, reply, sentAt, now);
    if (change.windowPaddingMs !== undefined) limiter.setWindowPadding(change.windowPaddingMs);
    if (change.perSecond !== undefined) limiter.setRate(change.perSecond);
    const pauseMs = Math.max(change.pauseMs ?? 0, reaction.pauseMs ?? 0);
    if (pauseMs > 0) limiter.pause(pauseMs);
    const reason = reaction.reason ?? change.reason;
    if (reason !== undefined) {
      this.#options.onPace({ label, perSecond: rate.perSecond, pauseMs, reason });
    }
    if (change.suggestLowerPlan) this.#options.onLowerPlan?.();
    controls.announceReply();
    const { promise, resolve } = createSignal();
    controls.nextReply = promise;
    controls.announceReply = resolve;
    return reaction.stop;
  }
}

/** Whether Zoom read the call: its token and its address are right. */
function provesAcceptance({ type, code }: Reply): boolean {
  const isAnswer = type === 'success' || type === 'conflict' || type === 'not-found';
  return isAnswer || (type === 'rejected' && code !== undefined);
}

function createSignal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function buildRequest(baseUrl: URL, call: Call, token: string): HttpRequest {
  const { method, path, query, body, maxBodyBytes } = call;
  const url = new URL(baseUrl);
  const pathname = url.pathname.replace(/\/+$/, '') + path;
  url.pathname = pathname;
  // A URL resolves `..`, and `%2e%2e` as well: the request would go to another address.
  if (url.pathname !== pathname) throw new Error(`a path that is not in its final form: ${path}`);
  url.search = new URLSearchParams(query).toString();
  return {
    method,
    url,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body?.type === 'json' ? { 'content-type': 'application/json' } : {}),
    },
    ...(body === undefined ? {} : { body: body.type === 'json' ? JSON.stringify(body.value) : body.parts }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
  };
}
