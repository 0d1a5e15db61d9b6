/** No server, clock or token can crash, hang or mislead a run. */
// @module-tag slow
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, file, folder, summary, type Transcript } from '../support/command.js';
import { numbered, upTo } from '../support/interrupted-run.js';
import { sendJson, startScriptedServer } from '../support/scripted-server.js';
import { startTestSimulator } from '../support/simulator.js';

const APP = { ZOOM_ACCOUNT_ID: 'account', ZOOM_CLIENT_ID: 'client', ZOOM_CLIENT_SECRET: 'secret-4711' };

function expectNoCrash({ code, stdout, stderr }: Transcript): void {
  expect(code, stderr).not.toBe(70);
  expect(stdout + stderr).not.toMatch(/^ +at |TypeError|RangeError|internal error/m);
}

describe.concurrent('a response', () => {
  test.each([
    '99999999999999',
    '1e400',
    '-1',
    'Fri, 99 Foo',
    '275761-01-01T00:00:00Z',
  ])('with Retry-After %s stops the run for later, without a crash', async (value) => {
    const { url } = await startScriptedServer(({ method }, response) => {
      if (method === 'GET') return sendJson(response, 200, { groups: [] });
      response.setHeader('retry-after', value);
      sendJson(response, 429, { message: 'You have reached the maximum daily rate limit for this API.' });
    });
    const env = { ZOOM_BASE_URL: `${url}v2`, ZOOM_ACCESS_TOKEN: 'token' };
    const done = await command(['apply', file('name\nA\n'), '--out', 'r'], { cwd: folder(), env });
    expectNoCrash(done);
    expect(done.code, done.stderr).toBe(4);
  });

  test.each([
    [{ error: {}, reason: [] }],
    [{ error: { error: { error: 1 } }, errorCode: [], message: { a: 1 } }],
    [[]],
    ['null'],
  ])('of the token address may have any value in place of a text: %j', async (body) => {
    const { url } = await startScriptedServer((_, response) => sendJson(response, 400, body));
    const env = { ...APP, ZOOM_BASE_URL: `${url}v2`, ZOOM_TOKEN_URL: `${url}oauth/token` };
    const done = await command(['plan', file('name\nA\n')], { cwd: folder(), env });
    expectNoCrash(done);
    expect(done.code, done.stderr).toBe(3);
  });

  test('of a million brackets is read in seconds', async () => {
    const { url } = await startScriptedServer((_, response) =>
      response.writeHead(200).end(`{"groups":${'['.repeat(1_000_000)}`),
    );
    const env = { ZOOM_BASE_URL: `${url}v2`, ZOOM_ACCESS_TOKEN: 'token' };
    const done = await command(['export'], { cwd: folder(), env });
    expectNoCrash(done);
    expect(done.code, done.stderr).toBe(4);
  }, 30_000);

  test('that always names a next page ends the listing, and says why', async () => {
    const { url, requests } = await startScriptedServer((_, response) =>
      sendJson(response, 200, {
        groups: [{ group_id: 'a', group_name: 'A', group_privacy: 2 }],
        next_page_token: `token-${requests.length}`,
      }),
    );
    const env = { ZOOM_BASE_URL: `${url}v2`, ZOOM_ACCESS_TOKEN: 'token' };
    const done = await command(['export', '--api', 'contacts'], { cwd: folder(), env });
    expect(done.code, done.stderr).toBe(4);
    expect(done.stderr).toContain('3 pages in a row brought nothing new');
    expect(requests.length).toBe(4);
  });

  test('with a name that would move the cursor or turn the text is shown without it', async () => {
    const name = 'Sa\u001b[2Jles\u202e\u009b1A';
    const { env } = await startTestSimulator({ groups: [{ id: 'a', name, type: 'shared' }] });
    const input = file('name,type\nSa[2Jles1A,normal\n');
    for (const args of [
      ['plan', input, '--all', '--api', 'contacts'],
      ['plan', input, '--all', '--api', 'contacts', '--json'],
    ]) {
      const done = await command(args, { cwd: folder(), env });
      expect(done.code, done.stderr).toBe(0);
      expect(done.stdout.replace(/\s+/g, ' ')).toContain('Zoom writes the name');
      for (const character of ['\u001b', '\u009b', '\u202e']) {
        expect(done.stdout + done.stderr).not.toContain(character);
      }
    }
  });
});

describe.concurrent('tokens', () => {
  test('that are all refused cost two token requests, and the run stops', async () => {
    const { url, requests } = await startScriptedServer(({ path }, response) => {
      if (path.startsWith('/oauth'))
        return sendJson(response, 200, { access_token: 'new', expires_in: 3600 });
      sendJson(response, 401, { code: 124, message: 'Invalid access token.' });
    });
    const env = { ...APP, ZOOM_BASE_URL: `${url}v2`, ZOOM_TOKEN_URL: `${url}oauth/token` };
    const args = ['apply', file(numbered(upTo(60))), '--no-listing', '--out', 'r', '--concurrency', '20'];
    const done = await command(args, { cwd: folder(), env });
    expect(done.code, done.stderr).toBe(3);
    expect(requests.filter(({ path }) => path.startsWith('/oauth')).length).toBe(2);
  });

  test('that live a minute are not requested for every call', async () => {
    const { zoom } = await startTestSimulator({ groups: [], accountPlan: 'business', tokenLifetimeS: 60 });
    const { accountId, clientId, clientSecret } = zoom.credentials;
    const app = { ZOOM_ACCOUNT_ID: accountId, ZOOM_CLIENT_ID: clientId, ZOOM_CLIENT_SECRET: clientSecret };
    const env = { ...app, ZOOM_BASE_URL: zoom.baseUrl, ZOOM_TOKEN_URL: zoom.tokenUrl };
    const done = await command(['apply', file(numbered(upTo(60))), '--out', 'r'], { cwd: folder(), env });
    expect(done.code, done.stderr).toBe(0);
    expect(zoom.tokensIssued()).toBe(1);
  });

  test('are requested through the proxy that HTTPS_PROXY names', async () => {
    const targets: string[] = [];
    const { url, server } = await startScriptedServer((_, response) => sendJson(response, 500));
    server.on('connect', (request, socket) => {
      targets.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    const zoom = {
      ZOOM_BASE_URL: 'https://zoom.invalid/v2',
      ZOOM_TOKEN_URL: 'https://zoom.invalid/oauth/token',
    };
    const env = { ...APP, ...zoom, HTTPS_PROXY: url.origin };
    const done = await command(['plan', file('name\nA\n')], { cwd: folder(), env });
    expectNoCrash(done);
    expect(done.code, done.stderr).toBe(4);
    expect(new Set(targets)).toEqual(new Set(['zoom.invalid:443']));
  }, 60_000);
});

test('a wall clock that is set back by a day in mid-run delays nothing', async () => {
  const { zoom, env } = await startTestSimulator({ groups: [], accountPlan: 'pro', latencyMs: 20 });
  const cwd = folder();
  const hook = `const { now } = Date; const begin = now();
    Date.now = () => now() - (now() - begin > 1500 ? 86_400_000 : 0);`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
  const began = performance.now();
  const args = ['apply', file(numbered(upTo(120))), '--out', 'r'];
  const done = await command(args, { cwd, env: { ...env, NODE_OPTIONS } });
  // At 30 requests/s, 120 creates take four seconds.
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(done.code, done.stderr).toBe(0);
  expect(zoom.created().length).toBe(120);
  expect(summary(join(cwd, 'r')).counts).toMatchObject({ created: 120 });
}, 40_000);
