/** What a client may rely on when it meets the simulator: the token call. */
import { describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/server.js';
import { send, startTestSimulator } from '../support/simulator.js';

describe('the token call', () => {
  type Request = {
    readonly basic?: string;
    readonly form?: Readonly<Record<string, string>>;
    query?: string;
  };

  async function askToken(zoom: Simulator, { basic, form, query = '' }: Request = {}) {
    const { accountId, clientId, clientSecret } = zoom.credentials;
    const login = Buffer.from(basic ?? `${clientId}:${clientSecret}`).toString('base64');
    const fields = form ?? { grant_type: 'account_credentials', account_id: accountId };
    const answer = await fetch(zoom.tokenUrl + query, {
      method: 'POST',
      headers: { authorization: `Basic ${login}` },
      body: new URLSearchParams(fields),
    });
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
    return { status: answer.status, body: (await answer.json()) as any };
  }

  test('gives a token for an hour, with the scopes of both APIs', async () => {
    const { zoom } = await startTestSimulator();
    const { status, body } = await askToken(zoom);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 3600 });
    expect(body.scope.split(' ')).toEqual(
      expect.arrayContaining(['imgroup:write:admin', 'imgroup:read:admin', 'contact_group:write:admin']),
    );
    expect((await send(zoom, 'GET /im/groups', { token: body.access_token })).status).toBe(200);
    expect(zoom.tokensIssued()).toBe(1);
  });

  test('accepts the grant as query parameters as well', async () => {
    const { zoom } = await startTestSimulator();
    const query = `?grant_type=account_credentials&account_id=${zoom.credentials.accountId}`;
    expect(await askToken(zoom, { form: {}, query })).toMatchObject({ status: 200 });
  });

  test('leaves the tokens that it issued before valid', async () => {
    const { zoom } = await startTestSimulator();
    const [first, second] = [await askToken(zoom), await askToken(zoom)];
    for (const { body } of [first, second]) {
      expect((await send(zoom, 'GET /im/groups', { token: body.access_token })).status).toBe(200);
    }
  });

  test('invalidates them under the fault token-replaced, except the initial one', async () => {
    const { zoom } = await startTestSimulator({ faults: ['token-replaced'] });
    const [first, second] = [await askToken(zoom), await askToken(zoom)];
    expect(await send(zoom, 'GET /im/groups', { token: first.body.access_token })).toMatchObject({
      status: 401,
      body: { code: 124 },
    });
    expect((await send(zoom, 'GET /im/groups', { token: second.body.access_token })).status).toBe(200);
    expect((await send(zoom, 'GET /im/groups')).status).toBe(200);
  });

  test('gives tokens of another lifetime if one is set', async () => {
    let now = Date.UTC(2026, 0, 1, 12);
    const { zoom } = await startTestSimulator({ tokenLifetimeS: 60, now: () => now });
    const { body } = await askToken(zoom);
    expect(body.expires_in).toBe(60);
    now += 60_000;
    expect((await send(zoom, 'GET /im/groups', { token: body.access_token })).status).toBe(401);
  });

  test('gives only the scopes that the app has, and a call without its scope is 4711 and names it', async () => {
    const { zoom } = await startTestSimulator({ scopes: ['imgroup:read:admin'] });
    const { body } = await askToken(zoom);
    expect(body.scope).toBe('imgroup:read:admin');
    const token = body.access_token;
    expect((await send(zoom, 'GET /im/groups', { token })).status).toBe(200);
    expect(await send(zoom, 'POST /im/groups', { token, form: { name: 'A' } })).toMatchObject({
      status: 400,
      body: { code: 4711, message: expect.stringContaining('imgroup:write:admin') },
    });
  });

  test('gives a token that is expired an hour later', async () => {
    let now = Date.UTC(2026, 0, 1, 12);
    const { zoom } = await startTestSimulator({ now: () => now });
    const { access_token: token } = (await askToken(zoom)).body;
    now += 3_599_000;
    expect((await send(zoom, 'GET /im/groups', { token })).status).toBe(200);
    now += 1_000;
    expect(await send(zoom, 'GET /im/groups', { token })).toMatchObject({
      status: 401,
      body: { code: 124, message: 'Access token is expired.' },
    });
  });

  test('reports errors in Zoom’s form', async () => {
    const { zoom } = await startTestSimulator({
      credentials: { accountId: 'acc', clientId: 'id', clientSecret: 'secret' },
    });
    const grant_type = 'account_credentials';
    const errors: readonly (readonly [Request, string])[] = [
      [{ basic: 'id:wrong' }, 'invalid_client'],
      [{ basic: 'wrong:secret' }, 'invalid_client'],
      [{ form: { grant_type, account_id: 'another' } }, 'invalid_grant'],
      [{ form: { grant_type: 'client_credentials', account_id: 'acc' } }, 'unsupported_grant_type'],
      [{ form: {} }, 'unsupported_grant_type'],
      [{ form: {}, query: `?grant_type=${grant_type}&account_id=another` }, 'invalid_grant'],
    ];
    for (const [request, error] of errors) {
      expect(await askToken(zoom, request)).toEqual({
        status: 400,
        body: { reason: expect.any(String), error },
      });
    }
    expect(zoom.tokensIssued()).toBe(0);
  });
});
