/** No secret is in any file of a run folder or in any output, even if the server repeats it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, file, folder } from '../support/command.js';
import { sendJson, startScriptedServer } from '../support/scripted-server.js';
import { startTestSimulator } from '../support/simulator.js';

test('a token that the server repeats, the client secret and the Basic header appear nowhere', async () => {
  const { zoom } = await startTestSimulator({ groups: [], faults: ['echo-secret'] });
  const { accountId, clientId, clientSecret } = zoom.credentials;
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const cwd = folder();
  const app = { ZOOM_ACCOUNT_ID: accountId, ZOOM_CLIENT_ID: clientId, ZOOM_CLIENT_SECRET: clientSecret };
  const env = { ...app, ZOOM_BASE_URL: zoom.baseUrl, ZOOM_TOKEN_URL: zoom.tokenUrl };
  const done = await command(['apply', file('name\nA\nB\n'), '--out', 'r', '--log-level', 'trace'], {
    cwd,
    env,
  });
  const sent = zoom.requests().flatMap(({ authorization }) => authorization?.replace(/^Bearer /, '') ?? []);
  expect(done.code).toBe(1);
  // The mask shows that the simulator repeated the token and that it was removed.
  const files = readdirSync(join(cwd, 'r')).map((name) => readFileSync(join(cwd, 'r', name), 'utf8'));
  expect(files.join()).toContain('Bad header: Bearer ***');
  expect(sent.length).toBeGreaterThan(1);
  for (const secret of new Set([...sent, clientSecret, basic])) {
    for (const text of [...files, done.stdout, done.stderr]) expect(text.includes(secret)).toBe(false);
  }
});

const ID = 'client-5f0c';
const SECRET = 'hush+hush/4711=';
const TOKEN = 'tok/en+of~an.hour';
const APP = { ZOOM_ACCOUNT_ID: 'acc', ZOOM_CLIENT_ID: ID, ZOOM_CLIENT_SECRET: SECRET };

/** Each form in which a server may repeat what it was sent. */
function formsOf(...secrets: readonly string[]): readonly string[] {
  return secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('hex'),
  ]);
}

/** Everything that one command prints and writes. */
async function collectOutput(args: readonly string[], env: Record<string, string>): Promise<string> {
  const cwd = folder();
  const done = await command([...args, '--log-level', 'trace'], { cwd, env });
  expect([1, 3, 4]).toContain(done.code);
  const run = join(cwd, 'r');
  const files =
    args[0] === 'apply' ? readdirSync(run).map((name) => readFileSync(join(run, name), 'utf8')) : [];
  return [...files, done.stdout, done.stderr].join('\n');
}

function expectNoSecret(output: string, forms: readonly string[]): void {
  expect(output).toContain('***');
  for (const form of forms) expect(output.includes(form), form).toBe(false);
}

test.each([
  [['apply', 'IN', '--out', 'r']],
  [['export']],
])('a token endpoint that repeats secret and header in any form is masked: %j', async (words) => {
  const forms = formsOf(SECRET, `${ID}:${SECRET}`);
  const { url } = await startScriptedServer((_, response) =>
    sendJson(response, 400, { error: 'invalid_client', reason: `bad ${forms.join(' ')}` }),
  );
  const env = { ...APP, ZOOM_BASE_URL: `${url}v2`, ZOOM_TOKEN_URL: `${url}oauth/token` };
  const args = words.map((word) => (word === 'IN' ? file('name\nA\n') : word));
  expectNoSecret(await collectOutput(args, env), forms);
});

test('a create and a listing that repeat them in any form are masked', async () => {
  const forms = formsOf(SECRET, `${ID}:${SECRET}`, TOKEN);
  const { url } = await startScriptedServer(({ method, path }, response) => {
    if (path.startsWith('/oauth')) return sendJson(response, 200, { access_token: TOKEN, expires_in: 3600 });
    response.setHeader('x-zm-trackingid', forms.at(-1) ?? '');
    if (method === 'GET')
      return sendJson(response, 400, { code: 300, message: `no list ${forms.join(' ')}` });
    return sendJson(response, 400, {
      code: 300,
      message: 'no',
      errors: forms.map((message) => ({ field: 'a', message })),
    });
  });
  const env = { ...APP, ZOOM_BASE_URL: `${url}v2`, ZOOM_TOKEN_URL: `${url}oauth/token` };
  expectNoSecret(await collectOutput(['apply', file('name\nA\n'), '--out', 'r'], env), forms);
});
