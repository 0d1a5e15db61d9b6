/** Server-to-Server OAuth: one token, one refresh at a time, errors in plain words. */
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/model/clock.js';
import type { Stop } from '../../src/model/stop.js';
import {
  createFixedToken,
  createOAuthTokens,
  type OAuthOptions,
  type TokenSource,
} from '../../src/zoom/oauth.js';
import {
  openTestClient,
  type ScriptedServer,
  sendJson,
  startScriptedServer,
} from '../support/scripted-server.js';

const credentials = { accountId: 'acc-1', clientId: 'client-1', clientSecret: 's3cr3t-of-the-client' };

/** Time that passes only by waiting, or when a test says so. */
type TestClock = Clock & { advance(ms: number): void; readonly waits: number[] };

function createTestClock(): TestClock {
  let now = 0;
  const waits: number[] = [];
  return {
    now: () => Date.UTC(2030, 0, 1) + now,
    monotonic: () => now,
    sleep: async (ms) => {
      waits.push(ms);
      now += ms;
    },
    advance: (ms) => {
      now += ms;
    },
    waits,
  };
}

type Setup = { readonly server: ScriptedServer; readonly tokens: TokenSource; readonly clock: TestClock };

async function setUp(
  respond: (response: ServerResponse, count: number, body: string, path: string) => void,
  more: Partial<OAuthOptions> = {},
): Promise<Setup> {
  const server = await startScriptedServer(({ body, path }, response, count) =>
    respond(response, count, body, path),
  );
  const clock = createTestClock();
  const tokens = createOAuthTokens({
    ...credentials,
    tokenUrl: new URL('/oauth/token', server.url),
    http: openTestClient(),
    clock,
    random: () => 0.5,
    scopes: [],
    ...more,
  });
  return { server, tokens, clock };
}

const issueWith = (response: ServerResponse, count: number, more: object) =>
  sendJson(response, 200, {
    access_token: `token-${count}`,
    token_type: 'bearer',
    expires_in: 3599,
    ...more,
  });

const issue = (response: ServerResponse, count: number) => issueWith(response, count, {});

const { signal } = new AbortController();

async function getToken(tokens: TokenSource): Promise<string> {
  const result = await tokens.get(signal);
  if (result.type !== 'token') throw new Error(result.stop.message);
  return result.token;
}

async function getStop(tokens: TokenSource): Promise<Stop> {
  const result = await tokens.get(signal);
  if (result.type !== 'stop') throw new Error('there was a token');
  return result.stop;
}

describe('a token', () => {
  test('is requested with a form and Basic credentials', async () => {
    const { server, tokens } = await setUp(issue);
    await getToken(tokens);
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        path: '/oauth/token',
        body: 'grant_type=account_credentials&account_id=acc-1',
        headers: {
          authorization: `Basic ${Buffer.from('client-1:s3cr3t-of-the-client').toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
      },
    ]);
  });

  test('is requested with query parameters if the form is not read', async () => {
    const { server, tokens } = await setUp((response, count, _, path) => {
      if (path.includes('?')) issue(response, count);
      else sendJson(response, 400, { reason: 'Missing grant type', error: 'invalid_request' });
    });
    expect(await getToken(tokens)).toBe('token-2');
    expect(server.requests[1]?.path).toBe('/oauth/token?grant_type=account_credentials&account_id=acc-1');
  });

  test('is requested once, however many requests wait for it', async () => {
    const { server, tokens } = await setUp(issue);
    const all = await Promise.all(Array.from({ length: 50 }, () => getToken(tokens)));
    expect(new Set(all)).toEqual(new Set(['token-1']));
    expect(server.requests).toHaveLength(1);
  });

  test('that lives an hour is renewed a minute before its end', async () => {
    const { tokens, clock } = await setUp(issue);
    await getToken(tokens);
    clock.advance(3_538_000);
    expect(await getToken(tokens)).toBe('token-1');
    clock.advance(1_000);
    expect(await getToken(tokens)).toBe('token-2');
  });

  test('that lives a minute is renewed a tenth of its life before its end', async () => {
    const { tokens, clock } = await setUp((response, count) =>
      issueWith(response, count, { expires_in: '60' }),
    );
    await getToken(tokens);
    clock.advance(53_000);
    expect(await getToken(tokens)).toBe('token-1');
    clock.advance(2_000);
    expect(await getToken(tokens)).toBe('token-2');
  });

  test('is not awaited after an abort, and another waiter gets it all the same', async () => {
    const responses: ServerResponse[] = [];
    const { tokens } = await setUp((response) => void responses.push(response));
    const controller = new AbortController();
    const aborted = tokens.get(controller.signal).catch((reason: unknown) => reason);
    const other = getToken(tokens);
    controller.abort('enough');
    expect(await aborted).toBe('enough');
    while (responses.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const response of responses) issue(response, 1);
    expect(await other).toBe('token-1');
  });
});

describe('a refused token', () => {
  test('is replaced once, also if many requests were refused with it', async () => {
    const { server, tokens } = await setUp(issue);
    const first = await getToken(tokens);
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        expect(tokens.refuse(first)).toBeUndefined();
        return getToken(tokens);
      }),
    );
    expect(server.requests).toHaveLength(2);
    // A late refusal of the old one does not cost the new one.
    expect(tokens.refuse(first)).toBeUndefined();
    expect(await getToken(tokens)).toBe('token-2');
    expect(server.requests).toHaveLength(2);
  });

  test('ends the run if it is the second one and no call accepted it', async () => {
    const { server, tokens } = await setUp(issue);
    expect(tokens.refuse(await getToken(tokens))).toBeUndefined();
    expect(tokens.refuse(await getToken(tokens))).toMatchObject({ exit: 3, reason: 'token-refused' });
    expect(await getStop(tokens)).toMatchObject({ reason: 'token-refused' });
    expect(server.requests).toHaveLength(2);
  });

  test('is replaced again after a call accepted the new one', async () => {
    const { tokens } = await setUp(issue);
    for (let i = 0; i < 5; i += 1) {
      const token = await getToken(tokens);
      tokens.accept(token);
      expect(tokens.refuse(token)).toBeUndefined();
    }
    expect(await getToken(tokens)).toBe('token-6');
  });

  test('that was made elsewhere cannot be replaced', async () => {
    const tokens = createFixedToken('made-elsewhere');
    expect(await getToken(tokens)).toBe('made-elsewhere');
    expect(tokens.refuse('made-elsewhere')).toMatchObject({ exit: 3, reason: 'token-refused' });
    expect(tokens.secrets()).toEqual(['made-elsewhere']);
  });
});

describe('credentials that Zoom refuses', () => {
  test.each([
    ['invalid_client', 'ZOOM_CLIENT_SECRET'],
    ['unsupported_grant_type', 'Server-to-Server'],
    ['invalid_grant', 'ZOOM_ACCOUNT_ID'],
    ['something_new', 'ZOOM_TOKEN_URL'],
  ])('with %s end the run with what to check: %s', async (error, hint) => {
    const { tokens } = await setUp((response) => sendJson(response, 400, { reason: 'Bad Request', error }));
    const stop = await getStop(tokens);
    expect(stop).toMatchObject({ exit: 3, reason: 'credentials', hint: expect.stringContaining(hint) });
    expect(stop.message).toContain(error);
  });

  test('are not shown, even if the server repeats them', async () => {
    const basic = Buffer.from('client-1:s3cr3t-of-the-client').toString('base64');
    const reason = `bad s3cr3t-of-the-client\n${basic}`;
    const { tokens } = await setUp((response) =>
      sendJson(response, 401, { reason, error: 'invalid_client' }),
    );
    expect(JSON.stringify(await getStop(tokens))).not.toMatch(new RegExp(`s3cr3t|${basic}|\\\\n`));
  });

  test('of an app without the scopes end the run before its first request', async () => {
    const scope = 'imgroup:read:admin imgroup:write:admin';
    const withScopes = (scopes: OAuthOptions['scopes']) =>
      setUp((response, count) => issueWith(response, count, { scope }), { scopes });
    const { tokens } = await withScopes([['imgroup:read:admin'], ['a:b', 'c:d']]);
    expect(await getStop(tokens)).toMatchObject({
      exit: 3,
      reason: 'scope-missing',
      hint: expect.stringContaining('a:b, c:d'),
    });
    const { tokens: allowed } = await withScopes([['x:y', 'imgroup:write:admin'], ['imgroup:read:admin']]);
    expect(await getToken(allowed)).toBe('token-1');
  });
});

describe('a token address', () => {
  test.each([
    ['JSON without a token', '{"ok":true}'],
    ['an empty token', '{"access_token":""}'],
    ['a token that no header can contain', '{"access_token":"a\\r\\nb"}'],
    ['the page of a portal', '<!doctype html><title>Sign in to this network</title>'],
  ])('that answers 200 with %s is wrong, and is named', async (_, body) => {
    const { server, tokens } = await setUp((response) => void response.end(body));
    const stop = await getStop(tokens);
    expect(stop).toMatchObject({
      exit: 3,
      reason: 'no-token',
      hint: expect.stringContaining('ZOOM_TOKEN_URL'),
    });
    expect(stop.message).toContain(server.url.host);
  });

  test('that fails for a while is asked again, with growing waits', async () => {
    const { server, tokens, clock } = await setUp((response, count) => {
      if (count < 4) sendJson(response, 503, {});
      else issue(response, count);
    });
    expect(await getToken(tokens)).toBe('token-4');
    expect(server.requests).toHaveLength(4);
    // Half of 1, 2 and 4 seconds: full jitter with a random number of 0.5.
    expect(clock.waits).toEqual([500, 1_000, 2_000]);
  });

  test('that never answered is unreachable after five attempts, with the true cause', async () => {
    const { server, tokens, clock } = await setUp((response) => void response.destroy());
    await new Promise((resolve) => server.server.close(resolve));
    expect(await getStop(tokens)).toMatchObject({
      exit: 4,
      reason: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(clock.waits).toHaveLength(4);
  });

  test('that fails in the middle of a run is asked for ten minutes', async () => {
    const { tokens, clock } = await setUp((response, count) => {
      if (count === 1) issue(response, count);
      else sendJson(response, 500, {});
    });
    await getToken(tokens);
    clock.advance(3_600_000);
    const before = clock.monotonic();
    expect(await getStop(tokens)).toMatchObject({ exit: 4, reason: 'outage' });
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(600_000);
    expect(clock.monotonic() - before).toBeLessThan(660_000);
  });

  test('may answer anything without a crash', async () => {
    let next: unknown;
    let status = 200;
    const { server } = await setUp((response) => sendJson(response, status, next));
    const http = openTestClient();
    const anything = fc.oneof(fc.string(), fc.integer(), fc.object(), fc.constant(null), fc.boolean());
    const body = fc.record(
      { access_token: anything, expires_in: anything, scope: anything, error: anything, reason: anything },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(200, 400, 401, 404, 429, 500), async (given, with_) => {
        next = given;
        status = with_;
        const tokens = createOAuthTokens({
          ...credentials,
          tokenUrl: server.url,
          http,
          clock: createTestClock(),
          random: () => 0,
          scopes: [['a']],
        });
        expect(['token', 'stop']).toContain((await tokens.get(signal)).type);
      }),
      { numRuns: 150 },
    );
  });
});
