/** No secret in any file of a run folder or in any output, also where Zoom echoes it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/server.js';
import { command, file, folder } from './help/command.js';

test('an echoed token, a client secret and a Basic header are nowhere to be read', async () => {
  const zoom = await startSimulator({ latencyMs: 0, groups: [], faults: ['echo-secret'] });
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
  await zoom.close();
  expect(done.code).toBe(1);
  // The stand-in did echo it: what stands in its place shows that it was taken out.
  const files = readdirSync(join(cwd, 'r')).map((name) => readFileSync(join(cwd, 'r', name), 'utf8'));
  expect(files.join()).toContain('Bad header: Bearer ***');
  expect(sent.length).toBeGreaterThan(1);
  for (const secret of new Set([...sent, clientSecret, basic])) {
    for (const text of [...files, done.stdout, done.stderr]) expect(text.includes(secret)).toBe(false);
  }
});
