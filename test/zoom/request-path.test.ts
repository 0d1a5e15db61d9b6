/** The one request path: token, slot, quota, request, reply; over real sockets. */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clock } from '../../src/engine/clock.js';
import type { ApiClient, PaceChange, SendResult } from '../../src/model/api.js';
import type { Call, RateLabel } from '../../src/model/call.js';
import { createStop, FatalError } from '../../src/model/stop.js';
import type { Limiter } from '../../src/rate-limit/limiter.js';
import { LocalLimiter } from '../../src/rate-limit/local-limiter.js';
import { createDailyQuota } from '../../src/resilience/daily-quota.js';
import { createFixedToken, createOAuthTokens, type TokenSource } from '../../src/zoom/oauth.js';
import { type ApiClientOptions, createApiClient } from '../../src/zoom/request-path.js';
import { openTestClient, sendJson, startScriptedServer } from '../support/scripted-server.js';

const create: Call = {
  label: 'light',
  method: 'POST',
  path: '/im/groups',
  body: { type: 'json', value: { name: 'A' } },
  success: 201,
};
const list: Call = { label: 'medium', method: 'GET', path: '/im/groups', success: 200 };

/** Grants slots only when the test says so, and records what it was told. */
class TestLimiter implements Limiter {
  readonly log: string[] = [];
  readonly waiting: (() => void)[] = [];
  readonly #isOpen: boolean;

  constructor(isOpen = true) {
    this.#isOpen = isOpen;
  }

  acquire(signal: AbortSignal): Promise<void> {
    this.log.push('acquire');
    if (this.#isOpen) return Promise.resolve();
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.waiting.push(resolve);
    });
  }

  grant(): void {
    this.waiting.shift()?.();
  }

  pause(ms: number): void {
    this.log.push(`pause ${ms}`);
  }

  setRate(perSecond: number): void {
    this.log.push(`rate ${perSecond}`);
  }

  setWindowPadding(ms: number): void {
    this.log.push(`padding ${ms}`);
  }

  async close(): Promise<void> {
    this.waiting.length = 0;
  }
}

function open(baseUrl: URL, more: Partial<ApiClientOptions> = {}): { api: ApiClient; paces: PaceChange[] } {
  const paces: PaceChange[] = [];
  const limiter = new TestLimiter();
  const api = createApiClient({
    http: openTestClient({ connections: 100 }),
    baseUrl,
    token: createFixedToken('t0ken'),
    limiterFor: () => limiter,
    rateFor: () => 30,
    quotaFor: () => undefined,
    clock,
    scopes: ['a:b'],
    onPace: (change) => void paces.push(change),
    redact: (text) => text,
    ...more,
  });
  return { api, paces };
}

function openTokens(tokenUrl: URL): TokenSource {
  const app = { accountId: 'a', clientId: 'c', clientSecret: 's3cret' };
  const tokens = createOAuthTokens({
    ...app,
    tokenUrl,
    http: openTestClient(),
    clock,
    random: () => 0,
    scopes: [],
  });
  onTestFinished(() => tokens.close());
  return tokens;
}

const { signal } = new AbortController();

/** What a result comes to, in one word. */
function summarize(result: SendResult): string {
  const stop = result.stop ? `, ${result.stop.reason}` : '';
  if (result.type === 'not-sent') return `not-sent${stop}`;
  const { reply } = result;
  return (reply.type === 'fatal' ? `fatal ${reply.stop.reason}` : reply.type) + stop;
}

const tick = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a request', () => {
  test('has the base URL’s path, the query, the token and the body', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 201, {}));
    const { api } = open(new URL('/v2/', url));
    await api.send({ ...create, path: '/im/groups/a%2Fb', query: { next_page_token: 'x&y' } }, { signal });
    await api.send({ ...create, body: { type: 'form', parts: [['name', 'B']] } }, { signal });
    expect(requests).toMatchObject([
      {
        path: '/v2/im/groups/a%2Fb?next_page_token=x%26y',
        body: '{"name":"A"}',
        headers: { authorization: 'Bearer t0ken', 'content-type': 'application/json' },
      },
      { path: '/v2/im/groups', headers: { 'content-type': expect.stringMatching(/^multipart\/form-data/) } },
    ]);
  });

  test('whose path would lead elsewhere is not sent', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 204));
    const { api } = open(new URL('/v2', url));
    for (const path of ['/im/groups/..', '/im/groups/%2e%2e', '/im/groups/.']) {
      await expect(api.send({ ...create, path }, { signal })).rejects.toThrow('final form');
    }
    expect(requests).toEqual([]);
  });

  test('gets its token, then its slot, then is announced, then leaves', async () => {
    const log: string[] = [];
    const { url } = await startScriptedServer((_, response) => {
      log.push('request');
      sendJson(response, 201, { id: 'g1' });
    });
    const limiter = new TestLimiter();
    limiter.acquire = async () => void log.push('slot');
    const fixed = createFixedToken('t');
    const token: TokenSource = {
      ...fixed,
      get: (given) => {
        log.push('token');
        return fixed.get(given);
      },
    };
    const { api } = open(url, { limiterFor: () => limiter, token });
    const beforeSend = () => {
      log.push('before');
      return true;
    };
    expect(summarize(await api.send(create, { signal, beforeSend }))).toBe('success');
    expect(log).toEqual(['token', 'slot', 'before', 'request']);
  });

  test('that is withheld at the last moment is not sent', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 201, {}));
    const { api } = open(url);
    expect(await api.send(create, { signal, beforeSend: () => false })).toEqual({ type: 'not-sent' });
    expect(requests).toEqual([]);
  });

  test('beyond the day’s quota of its label is not sent and stops the run', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 201, {}));
    const wallNow = Date.now();
    const { api } = open(url, {
      quotaFor: (label) =>
        label === 'light' ? createDailyQuota({ label, perDay: 6_000, usedToday: 5_998, wallNow }) : undefined,
    });
    const sendOne = async (call: Call) => summarize(await api.send(call, { signal }));
    expect(await sendOne(create)).toBe('success');
    expect(await sendOne(create)).toBe('success');
    expect(await sendOne(create)).toBe('not-sent, daily-quota');
    expect(await sendOne({ ...list, success: 201 })).toBe('success');
    expect(requests).toHaveLength(3);
  });

  test('of a label whose limiter cannot be opened is not sent and says why', async () => {
    const { url } = await startScriptedServer((_, response) => sendJson(response, 201, {}));
    const stop = createStop('shared-limit', 'Redis is out of reach', 'Start it.');
    const limiterFor = async () => {
      throw new FatalError(stop);
    };
    const { api } = open(url, { limiterFor });
    expect(await api.send(create, { signal })).toEqual({ type: 'not-sent', stop });
  });

  test('takes the limiter of its own label, which is made once', async () => {
    const { url } = await startScriptedServer((_, response) => sendJson(response, 200, {}));
    const asked: RateLabel[] = [];
    const limiters = { light: new TestLimiter(), medium: new TestLimiter(false), heavy: new TestLimiter() };
    const limiterFor = (label: RateLabel) => {
      asked.push(label);
      return limiters[label];
    };
    const { api } = open(url, { limiterFor });
    const waiting = api.send(list, { signal });
    // Medium waits, light does not.
    await Promise.all([1, 2, 3].map(() => api.send({ ...list, label: 'light' }, { signal })));
    expect(limiters.medium.waiting).toHaveLength(1);
    limiters.medium.grant();
    expect(summarize(await waiting)).toBe('success');
    expect(asked.sort()).toEqual(['light', 'medium']);
  });
});

describe('an abort', () => {
  test('ends the wait for a slot, and nothing is sent', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 201, {}));
    const { api } = open(url, { limiterFor: () => new TestLimiter(false) });
    const controller = new AbortController();
    const sends = Array.from({ length: 50 }, () => api.send(create, { signal: controller.signal }));
    await tick();
    controller.abort(new Error('enough'));
    expect(new Set((await Promise.all(sends)).map(summarize))).toEqual(new Set(['not-sent']));
    expect(requests).toEqual([]);
  });

  test('ends the wait for a token', async () => {
    const { url } = await startScriptedServer(() => undefined);
    const { api } = open(url, { token: openTokens(url) });
    const controller = new AbortController();
    const sent = api.send(create, { signal: controller.signal });
    await tick();
    controller.abort(new Error('enough'));
    expect(await sent).toEqual({ type: 'not-sent' });
  });

  test('that comes with the slot still keeps the request from being sent', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 201, {}));
    const controller = new AbortController();
    const limiter = new TestLimiter();
    limiter.acquire = async () => controller.abort(new Error('enough'));
    const { api } = open(url, { limiterFor: () => limiter });
    expect(await api.send(create, { signal: controller.signal })).toEqual({ type: 'not-sent' });
    expect(requests).toEqual([]);
  });

  test('lets a request that was sent come to its end', async () => {
    const controller = new AbortController();
    const { url } = await startScriptedServer((_, response) => {
      controller.abort(new Error('enough'));
      setTimeout(() => sendJson(response, 201, { id: 'g1' }), 50);
    });
    const { api } = open(url);
    expect(summarize(await api.send(create, { signal: controller.signal }))).toBe('success');
  });
});

describe('a token', () => {
  test('that is refused is renewed once for everybody; a second refusal stops the run', async () => {
    const tokenServer = await startScriptedServer((_, response, count) =>
      sendJson(response, 200, { access_token: `token-${count}`, expires_in: 3600 }),
    );
    const { url } = await startScriptedServer((_, response) =>
      sendJson(response, 401, { code: 124, message: 'no' }),
    );
    const { api } = open(url, { token: openTokens(tokenServer.url) });
    const sendMany = async () => {
      const results = await Promise.all(Array.from({ length: 20 }, () => api.send(create, { signal })));
      return [...new Set(results.map(summarize))];
    };
    expect(await sendMany()).toEqual(['unauthorized']);
    expect(await sendMany()).toEqual(['fatal token-refused']);
    expect(await sendMany()).toEqual(['not-sent, token-refused']);
    expect(tokenServer.requests).toHaveLength(2);
  });

  test('made elsewhere stops the run when it is refused', async () => {
    const { url } = await startScriptedServer((_, response) => sendJson(response, 401, {}));
    expect(summarize(await open(url).api.send(create, { signal }))).toBe('fatal token-refused');
  });

  test('that takes 400 ms to renew causes no burst of the requests that wait for it', async () => {
    const tokenServer = await startScriptedServer((_, response, count) => {
      // The first one has to be renewed after 0.9 s.
      const body = { access_token: `token-${count}`, expires_in: count === 1 ? 1 : 3600 };
      setTimeout(() => sendJson(response, 200, body), count === 1 ? 0 : 400);
    });
    const { url, requests } = await startScriptedServer((_, response) =>
      sendJson(response, 201, { id: 'g' }),
    );
    // Zoom's light limit of the Business plan, from its API reference.
    const limiter = new LocalLimiter(80);
    onTestFinished(() => limiter.close());
    const { api } = open(url, {
      token: openTokens(tokenServer.url),
      limiterFor: () => limiter,
      rateFor: () => 80,
    });
    let left = 180;
    const worker = async () => {
      while (left > 0) {
        left -= 1;
        expect(summarize(await api.send(create, { signal }))).toBe('success');
      }
    };
    await Promise.all(Array.from({ length: 60 }, worker));
    expect(tokenServer.requests).toHaveLength(2);
    const arrivals = requests.map(({ at }) => at);
    const countWithin = (ms: number, until: number) =>
      arrivals.filter((at) => at > until - ms && at <= until).length;
    const gap = Math.max(...arrivals.slice(1).map((at, i) => at - (arrivals[i] ?? at)));
    expect(gap).toBeGreaterThan(350);
    // What a server that counts over a sliding second would refuse: at most 1%, for the jitter of a busy machine.
    expect(arrivals.filter((at) => countWithin(1_000, at) > 80).length).toBeLessThanOrEqual(1);
    // 8 are the even pace; all 60 that wait would come at once.
    expect(Math.max(...arrivals.map((at) => countWithin(100, at)))).toBeLessThanOrEqual(25);
  }, 20_000);
});

describe('what was answered before', () => {
  test('decides whether a 404 without a code means a wrong address', async () => {
    const { url } = await startScriptedServer((_, response, count) =>
      count === 2 ? sendJson(response, 201, {}) : response.writeHead(404).end(),
    );
    const { api } = open(url);
    const sendOne = async () => summarize(await api.send(create, { signal }));
    expect([await sendOne(), await sendOne(), await sendOne()]).toEqual([
      'fatal wrong-base-url',
      'success',
      'rejected',
    ]);
  });

  test('decides whether the page of a firewall is believed', async () => {
    const { url } = await startScriptedServer((_, response) =>
      response.writeHead(403).end('<html>denied</html>'),
    );
    const { api } = open(url);
    const other = { ...create };
    expect(summarize(await api.send(create, { signal }))).toBe('transient');
    expect(summarize(await api.send(other, { signal }))).toBe('transient');
    expect(summarize(await api.send(create, { signal }))).toBe('fatal permission');
  });
});

describe('the pace of a label', () => {
  test('slows down when Zoom refuses repeatedly, and the change is reported', async () => {
    const { url } = await startScriptedServer((_, response) =>
      sendJson(response, 429, { code: 429, message: 'slow' }),
    );
    const limiter = new TestLimiter();
    const { api, paces } = open(url, { limiterFor: () => limiter });
    for (let i = 0; i < 6; i += 1) await api.send(create, { signal });
    // 30/s on the Pro plan: half of it.
    expect(limiter.log).toContain('rate 15');
    expect(limiter.log.some((line) => line.startsWith('pause'))).toBe(true);
    expect(paces[0]).toMatchObject({ label: 'light', perSecond: 15, reason: expect.any(String) });
  });

  test('stops at failures: one probe at a time, and the rest takes new slots after it', async () => {
    let isUp = true;
    const { url, requests } = await startScriptedServer((_, response) => {
      if (isUp) sendJson(response, 201, {});
      else setTimeout(() => sendJson(response, 503, {}), 30);
    });
    const limiter = new TestLimiter();
    const { api, paces } = open(url, { limiterFor: () => limiter });
    await api.send(create, { signal });
    isUp = false;
    // Eight failures in a row open the circuit.
    for (let i = 0; i < 8; i += 1) expect(summarize(await api.send(create, { signal }))).toBe('transient');
    expect(paces).toMatchObject([{ label: 'light', pauseMs: 30_000 }]);
    expect(limiter.log).toContain('pause 30000');
    const before = requests.length;
    const probe = api.send(create, { signal });
    await tick(5);
    const others = Array.from({ length: 10 }, () => api.send(create, { signal }));
    await tick(10);
    expect(requests.length).toBe(before + 1);
    isUp = true;
    expect(summarize(await probe)).toBe('transient');
    expect(new Set((await Promise.all(others)).map(summarize))).toEqual(new Set(['success']));
    // Each of the ten took one slot before the probe's end and at least one after it.
    expect(limiter.log.filter((line) => line === 'acquire').length).toBeGreaterThanOrEqual(1 + 8 + 1 + 20);
  });

  test('of a wrong address ends as unreachable, with the true cause, whichever label fails', async () => {
    const { url, server } = await startScriptedServer(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    const { api } = open(url);
    const results: SendResult[] = [];
    for (let i = 0; i < 8; i += 1) results.push(await api.send(create, { signal }));
    expect(results.slice(0, 7).every(({ stop }) => stop === undefined)).toBe(true);
    expect(results[7]?.stop).toMatchObject({
      exit: 4,
      reason: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('that failed after another label was answered is an outage, not a wrong address', async () => {
    const { url } = await startScriptedServer(({ method }, response) => {
      if (method === 'GET') sendJson(response, 200, { groups: [] });
      else response.destroy();
    });
    const { api } = open(url);
    await api.send(list, { signal });
    const results: SendResult[] = [];
    for (let i = 0; i < 8; i += 1) results.push(await api.send(create, { signal }));
    expect(results.every(({ stop }) => stop === undefined)).toBe(true);
  });
});

describe('any response', () => {
  test('gives one result, and nothing throws', async () => {
    let next = { status: 200, body: '' };
    const { url } = await startScriptedServer((_, response) =>
      response.writeHead(next.status).end(next.body),
    );
    const http = openTestClient();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 200, max: 599 }),
        fc.oneof(fc.string({ unit: 'binary' }), fc.json()),
        async (status, body) => {
          next = { status, body };
          const { api } = open(url, { http });
          const result = await api.send(create, { signal });
          expect(result.type).toBe('replied');
        },
      ),
      { numRuns: 200 },
    );
  });
});
