/** What a client may rely on when it meets the stand-in instead of Zoom: the token call. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/server.js';
import { ask, closeAll, standIn } from '../support/simulator.js';

afterEach(closeAll);

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
    const zoom = await standIn();
    const { status, body } = await askToken(zoom);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 3600 });
    expect(body.scope.split(' ')).toEqual(
      expect.arrayContaining(['imgroup:write:admin', 'imgroup:read:admin', 'contact_group:write:admin']),
    );
    expect((await ask(zoom, 'GET /im/groups', { token: body.access_token })).status).toBe(200);
    expect(zoom.tokensIssued()).toBe(1);
  });

  test('kills the token it gave before', async () => {
    const zoom = await standIn();
    const [first, second] = [await askToken(zoom), await askToken(zoom)];
    expect(await ask(zoom, 'GET /im/groups', { token: first.body.access_token })).toMatchObject({
      status: 401,
      body: { code: 124 },
    });
    expect((await ask(zoom, 'GET /im/groups', { token: second.body.access_token })).status).toBe(200);
    expect((await ask(zoom, 'GET /im/groups')).status).toBe(200);
  });

  test('gives a token that is expired an hour later', async () => {
    let now = Date.UTC(2026, 0, 1, 12);
    const zoom = await standIn({ now: () => now });
    const { access_token: token } = (await askToken(zoom)).body;
    now += 3_599_000;
    expect((await ask(zoom, 'GET /im/groups', { token })).status).toBe(200);
    now += 1_000;
    expect(await ask(zoom, 'GET /im/groups', { token })).toMatchObject({
      status: 401,
      body: { code: 124, message: 'Access token is expired.' },
    });
  });

  test('says as Zoom does what is wrong with it', async () => {
    const zoom = await standIn({ credentials: { accountId: 'acc', clientId: 'id', clientSecret: 'secret' } });
    const grant_type = 'account_credentials';
    const refusals: readonly (readonly [Request, string])[] = [
      [{ basic: 'id:wrong' }, 'invalid_client'],
      [{ basic: 'wrong:secret' }, 'invalid_client'],
      [{ form: { grant_type, account_id: 'another' } }, 'invalid_grant'],
      [{ form: { grant_type: 'client_credentials', account_id: 'acc' } }, 'unsupported_grant_type'],
      [{ form: {}, query: `?grant_type=${grant_type}&account_id=acc` }, 'unsupported_grant_type'],
    ];
    for (const [request, error] of refusals) {
      expect(await askToken(zoom, request)).toEqual({
        status: 400,
        body: { reason: expect.any(String), error },
      });
    }
    expect(zoom.tokensIssued()).toBe(0);
  });
});
