/** What is advised if Zoom cannot be reached: a resume only where there is a run to resume. */
// @module-tag slow
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { command, file } from '../support/command.js';

/** An address at which nothing listens: its port was free a moment ago. */
async function findClosedAddress(): Promise<string> {
  const server = createServer();
  const port = await new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}/v2`;
}

const APP = { ZOOM_ACCOUNT_ID: 'a', ZOOM_CLIENT_ID: 'b', ZOOM_CLIENT_SECRET: 'not-a-real-secret' };

describe.concurrent.each([
  ['the API', { ZOOM_ACCESS_TOKEN: 'not-a-real-token' }],
  ['the token address', APP],
])('if %s is out of reach', (_, credentials) => {
  test.each([
    ['plan', [file('name\nA\n')]],
    ['export', []],
    ['members', [file('group,email\nA,a@example.com\n'), '--dry-run']],
  ])('%s exits 4 and does not speak of a resume', { timeout: 60_000 }, async (name, args) => {
    const address = await findClosedAddress();
    const env = { ...credentials, ZOOM_BASE_URL: address, ZOOM_TOKEN_URL: address };
    const done = await command([name, ...args], { env });
    expect(done).toMatchObject({ code: 4, stdout: '' });
    expect(done.stderr).toContain('retry later.');
    expect(done.stderr).not.toContain('--resume');
  });
});
