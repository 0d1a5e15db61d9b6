/** The --config file: credentials and options by their environment names, in whatever encoding it was saved. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/server.js';
import { command, file, folder, summary } from '../support/command.js';
import { startTestSimulator } from '../support/simulator.js';

const ONE = 'name\nFirst\n';

let zoom: Simulator;
let lines: readonly string[];
beforeAll(async () => {
  ({ zoom } = await startTestSimulator({ groups: [], accountPlan: 'business' }));
  const { accountId, clientId, clientSecret } = zoom.credentials;
  lines = [
    '# the app of the test account',
    `ZOOM_BASE_URL=${zoom.baseUrl}`,
    `export ZOOM_TOKEN_URL="${zoom.tokenUrl}"`,
    '',
    `ZOOM_ACCOUNT_ID=${accountId}`,
    `ZOOM_CLIENT_ID='${clientId}'  # from the marketplace`,
    `ZOOM_CLIENT_SECRET=${clientSecret}`,
    'ZOOM_IM_GROUPS_ACCOUNT_PLAN=business',
  ];
});

function config(text: string | Uint8Array): string {
  const path = file(text, 'zoom.env');
  chmodSync(path, 0o600);
  return path;
}

describe('a config file', () => {
  test.each([
    ['LF', (text: string) => Buffer.from(text)],
    ['CRLF', (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'))],
    ['a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['UTF-16 with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16, big endian', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-16 without a mark', (text: string) => Buffer.from(text, 'utf16le')],
  ])('holds credentials and options, with %s', async (_, encode) => {
    const path = config(encode(`${lines.join('\n')}\n`));
    const done = await command(['plan', file(ONE), '--config', path, '--json']);
    expect(done).toMatchObject({ code: 0 });
    expect(JSON.parse(done.stdout).target).toMatchObject({
      base_url: zoom.baseUrl,
      account_plan: 'business',
    });
  });

  test('loses to the environment, which loses to the option', async () => {
    const path = config('ZOOM_IM_GROUPS_ACCOUNT_PLAN=business\nZOOM_IM_GROUPS_SIMULATE=1\n');
    const plan = async (args: readonly string[], env: Record<string, string>): Promise<unknown> => {
      const cwd = folder();
      await command(['apply', file(ONE), '--config', path, '--out', 'run', ...args], { cwd, env });
      return summary(join(cwd, 'run')).target;
    };
    const env = { ZOOM_IM_GROUPS_ACCOUNT_PLAN: 'free' };
    expect(await plan([], {})).toMatchObject({ account_plan: 'business' });
    expect(await plan([], env)).toMatchObject({ account_plan: 'free' });
    expect(await plan(['--account-plan', 'pro'], env)).toMatchObject({ account_plan: 'pro' });
  });

  test.each([['--config'], ['--env-file']])('is named by %s, or by ZOOM_IM_GROUPS_CONFIG', async (flag) => {
    const path = config(lines.join('\n'));
    expect(await command(['plan', file(ONE), flag, path])).toMatchObject({ code: 0 });
    expect(await command(['plan', file(ONE)], { env: { ZOOM_IM_GROUPS_CONFIG: path } })).toMatchObject({
      code: 0,
    });
  });

  test.each([
    ['ZOOM_CLIENTID=abc-secret', 'ZOOM_CLIENTID is not known'],
    ['ZOOM_IM_GROUPS_RATES=abc-secret', 'ZOOM_IM_GROUPS_RATES is not known'],
    ['ZOOM_IM_GROUPS_CONFIG=abc-secret', 'ZOOM_IM_GROUPS_CONFIG is not known'],
    ['ZOOM_CLIENT_ID: abc-secret', 'is not NAME=value'],
  ])('with a line that can not be meant is refused with its number: %s', async (line, message) => {
    const path = config(`OTHER=1\n\n${line}\n`);
    const done = await command(['plan', file(ONE), '--config', path], {
      env: { ZOOM_ACCESS_TOKEN: 't', ZOOM_BASE_URL: zoom.baseUrl },
    });
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain(`${path}, line 3`);
    expect(done.stderr).toContain(message);
    expect(done.stderr).not.toContain('abc-secret');
  });

  test('that is missing or a folder is an error of ours that names it', async () => {
    const cwd = folder();
    mkdirSync(join(cwd, 'settings'));
    for (const [path, reason] of [
      ['nowhere.env', 'ENOENT'],
      ['settings', 'it is a folder'],
    ] as const) {
      const done = await command(['plan', file(ONE), '--config', path], { cwd });
      expect(done).toMatchObject({ code: 2, stdout: '' });
      expect(done.stderr).toContain(`--config can't be read: ${path} (${reason})`);
    }
  });

  test('with only options may be readable by others', async () => {
    const path = config('ZOOM_IM_GROUPS_ACCOUNT_PLAN=business\n');
    chmodSync(path, 0o644);
    const env = { ZOOM_BASE_URL: zoom.baseUrl, ZOOM_ACCESS_TOKEN: zoom.token };
    const done = await command(['plan', file(ONE), '--config', path], { env });
    expect(done).toMatchObject({ code: 0 });
    expect(done.stderr).not.toContain('chmod');
  });
});

describe('ZOOM_CLIENT_SECRET_FILE', () => {
  const env = (path: string): Record<string, string> => ({
    ZOOM_BASE_URL: zoom.baseUrl,
    ZOOM_TOKEN_URL: zoom.tokenUrl,
    ZOOM_ACCOUNT_ID: zoom.credentials.accountId,
    ZOOM_CLIENT_ID: zoom.credentials.clientId,
    ZOOM_CLIENT_SECRET_FILE: path,
  });

  test('that holds the secret itself by mistake is not printed', async () => {
    for (const secret of ['pQ7xSecretSecretSecret12', 'x'.repeat(5000)]) {
      const done = await command(['plan', file(ONE), '--json'], { env: env(secret) });
      expect(done.code).toBe(2);
      expect(done.stderr).toContain('ZOOM_CLIENT_SECRET_FILE');
      expect(done.stdout + done.stderr).not.toContain(secret);
    }
  });

  test('may be UTF-16, as PowerShell writes it', async () => {
    const path = join(folder(), 'secret');
    writeFileSync(path, Buffer.from(`\ufeff${zoom.credentials.clientSecret}\r\n`, 'utf16le'), {
      mode: 0o600,
    });
    expect(await command(['plan', file(ONE)], { env: env(path) })).toMatchObject({ code: 0 });
  });
});
