/** Server-to-Server OAuth: one token, one refresh at a time, errors that a person understands. */
import { afterAll, describe, expect, test } from 'vitest';
import { FatalError } from '../../src/model/stop.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { openHttp, safeUrl } from '../../src/zoom/http-client.js';
import { fixedToken, type ServerToServer, serverToServer } from '../../src/zoom/oauth.js';
import { answering } from '../support/scripted-server.js';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function app(more: Partial<ServerToServer> = {}): Promise<{ zoom: Simulator; given: ServerToServer }> {
  const zoom = await startSimulator({ latencyMs: 5 });
  const http = openHttp({ userAgent: 'test', connections: 8 });
  closing.push(() => http.close().then(() => zoom.close()));
  const tokenUrl = new URL(zoom.tokenUrl);
  return { zoom, given: { ...zoom.credentials, tokenUrl, http, now: Date.now, scopes: [], ...more } };
}

async function halted(given: ServerToServer): Promise<FatalError> {
  const error = await serverToServer(given)
    .token()
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof FatalError)) throw new Error('it was not refused');
  return error;
}

describe('a token', () => {
  test('is asked for once, however many rows wait for it', async () => {
    const { zoom, given } = await app();
    const source = serverToServer(given);
    const all = await Promise.all(Array.from({ length: 50 }, () => source.token()));
    expect(new Set(all.map((one) => ('token' in one ? one.token : ''))).size).toBe(1);
    expect(zoom.tokensIssued()).toBe(1);
  });

  test('that was refused is replaced once, also where many rows were refused with it', async () => {
    const { zoom, given } = await app();
    const source = serverToServer(given);
    const first = await source.token();
    if (!('token' in first)) throw new Error('no token');
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        expect(source.refused(first.token)).toBe(true);
        return source.token();
      }),
    );
    expect(zoom.tokensIssued()).toBe(2);
    // A late refusal of the old one does not cost the new one.
    source.refused(first.token);
    await source.token();
    expect(zoom.tokensIssued()).toBe(2);
  });

  test('is renewed a minute before it expires', async () => {
    let ahead = 0;
    const { zoom, given } = await app({ now: () => Date.now() + ahead });
    const source = serverToServer(given);
    await source.token();
    ahead = 3_500_000;
    await source.token();
    expect(zoom.tokensIssued()).toBe(1);
    ahead = 3_545_000;
    await source.token();
    expect(zoom.tokensIssued()).toBe(2);
  });

  test('made elsewhere can’t be renewed', async () => {
    const source = fixedToken('made-elsewhere');
    expect(await source.token()).toEqual({ token: 'made-elsewhere' });
    expect(source.refused('made-elsewhere')).toBe(false);
    expect(source.secrets()).toEqual(['made-elsewhere']);
  });
});

describe('credentials that Zoom refuses', () => {
  test('end the run with what to check, and without the secret', async () => {
    const { given } = await app();
    const wrongSecret = await halted({ ...given, clientSecret: 'wr0ng-secret' });
    expect(wrongSecret.stop).toMatchObject({ exit: 3, reason: 'credentials' });
    expect(wrongSecret.stop.hint).toContain('ZOOM_CLIENT_SECRET');
    const wrongAccount = await halted({ ...given, accountId: 'nobody' });
    expect(wrongAccount.stop.hint).toContain('ZOOM_ACCOUNT_ID');
    for (const { stop } of [wrongSecret, wrongAccount]) {
      expect(JSON.stringify(stop)).not.toMatch(/wr0ng-secret/);
      expect(JSON.stringify(stop)).not.toContain(given.clientSecret);
    }
  });

  test('of an app that may not create groups end the run before its first row', async () => {
    const { given } = await app({ scopes: ['some:other:scope'] });
    expect((await halted(given)).stop).toMatchObject({ exit: 3, reason: 'scope-missing' });
    const { given: allowed } = await app({ scopes: ['some:other:scope', 'imgroup:write:admin'] });
    expect(await serverToServer(allowed).token()).toHaveProperty('token');
  });

  test.each([
    ['JSON without a token', '{"ok":true}'],
    ['an empty token', '{"access_token":""}'],
    ['the page of a portal', '<!doctype html><title>Sign in to this network</title>'],
  ])('%s in a good answer is a wrong address, which is named', async (_, body) => {
    const { url } = await answering((_asked, response) => response.end(body));
    const { given } = await app({ tokenUrl: url });
    const { stop } = await halted(given);
    expect(stop).toMatchObject({ exit: 3, reason: 'no-token' });
    expect(stop.message).toContain(url.host);
    expect(stop.hint).toContain('ZOOM_TOKEN_URL');
  });

  test('an answer that was cut short is trouble that may pass', async () => {
    const { url } = await answering((_asked, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"access_', () => response.destroy());
    });
    const { given } = await app({ tokenUrl: url });
    expect(await serverToServer(given).token()).toMatchObject({ reply: { kind: 'trouble' } });
  });

  test('nobody at the token’s address is trouble that may pass, and made no group', async () => {
    const { given } = await app({ tokenUrl: new URL('http://127.0.0.1:9/oauth/token') });
    const got = await serverToServer(given).token();
    expect(got).toMatchObject({ reply: { kind: 'trouble', ambiguous: false } });
  });
});

describe('an address that a token may go to', () => {
  test.each([
    'https://api.zoom.us/v2',
    'http://127.0.0.1:8080/v2',
    'http://localhost:1',
    'http://[::1]:1',
  ])('%s', (url) => {
    expect(safeUrl(url, 'ZOOM_BASE_URL').href).toContain(new URL(url).host);
  });

  test.each([
    'http://api.zoom.us/v2',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'ftp://api.zoom.us',
    'api.zoom.us',
    'https://user:pass@api.zoom.us/v2',
    '',
  ])('is not %j', (url) => {
    expect(() => safeUrl(url, 'ZOOM_BASE_URL')).toThrow(FatalError);
  });
});
