/** The built `doctor` command: exit codes, output, signals and kills. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULT_GROUPS } from '../../src/simulator/server.js';
import { command, file, folder } from '../support/command.js';
import { startTestSimulator, type TestSimulator } from '../support/simulator.js';

function appEnvironment({ zoom }: TestSimulator): Readonly<Record<string, string>> {
  const { accountId, clientId, clientSecret } = zoom.credentials;
  return {
    ZOOM_BASE_URL: zoom.baseUrl,
    ZOOM_TOKEN_URL: zoom.tokenUrl,
    ZOOM_ACCOUNT_ID: accountId,
    ZOOM_CLIENT_ID: clientId,
    ZOOM_CLIENT_SECRET: clientSecret,
  };
}

const isTemporary = ({ name }: { readonly name: string }): boolean =>
  name.toLowerCase().startsWith('zz-doctor-');

/** Resolves when something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((wait) => setTimeout(wait, 5));
}

describe('doctor', () => {
  test('prints a line for each check and the command that fits, and sends only reads', async () => {
    const simulator = await startTestSimulator({ faults: ['gone'], accountPlan: 'business' });
    const { code, stdout } = await command(['doctor'], { env: appEnvironment(simulator) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^warn {5}im: alive/m);
    expect(stdout).toMatch(/^ok {7}contacts: alive/m);
    expect(stdout).toContain(
      'Next step: zoom-im-groups apply groups.csv --api contacts --account-plan business',
    );
    const { zoom } = simulator;
    expect(zoom.requests().filter(({ method }) => method !== 'GET')).toMatchObject([
      { method: 'POST', path: '/oauth/token' },
    ]);
  });

  test('with --json prints one object, without names, addresses and secrets', async () => {
    const simulator = await startTestSimulator();
    const env = appEnvironment(simulator);
    const { code, stdout } = await command(['doctor', '--json'], { env });
    const json = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      schema_version: 2,
      command: 'doctor',
      exit: { code: 0, reason: 'ok' },
      suggestion: 'zoom-im-groups apply groups.csv',
      answers: { 'im.missing-group': { status: 'HTTP 404, code 4130' } },
    });
    expect(json.checks).toContainEqual(expect.objectContaining({ id: 'alive', api: 'im', verdict: 'ok' }));
    const words = [...Object.values(env), ...DEFAULT_GROUPS.flatMap(({ id, name }) => [id, name])];
    for (const word of [...words, '127.0.0.1', '@']) expect(stdout).not.toContain(word);
  });

  test('without credentials ends with 2', async () => {
    const { code, stderr } = await command(['doctor']);
    expect(code).toBe(2);
    expect(stderr).toContain('--simulate');
  });

  test.each([
    ['invalid_client', { ZOOM_CLIENT_SECRET: 'another-secret' }, 'does not belong to it'],
    ['invalid_grant', { ZOOM_ACCOUNT_ID: 'another-account' }, 'does not accept this account id'],
  ])('says in plain words what %s means, and ends with 3', async (error, env, words) => {
    const simulator = await startTestSimulator();
    const { code, stdout } = await command(['doctor'], { env: { ...appEnvironment(simulator), ...env } });
    expect(code).toBe(3);
    expect(stdout).toMatch(/^fail {5}credentials/m);
    expect(stdout).toContain(words);
    expect(stdout).toContain(error);
    expect(stdout).not.toContain(simulator.zoom.credentials.clientSecret);
    expect(stdout).not.toContain('another-secret');
  });

  test('ends with 4 within 30 seconds if nothing answers', async () => {
    const simulator = await startTestSimulator();
    const startedAt = performance.now();
    const env = { ...appEnvironment(simulator), ZOOM_TOKEN_URL: 'http://127.0.0.1:9/oauth/token' };
    const { code, stdout } = await command(['doctor'], { env });
    expect(code).toBe(4);
    expect(stdout).toContain('ECONNREFUSED');
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });

  test('with -q prints nothing if all is well', async () => {
    const simulator = await startTestSimulator();
    const run = await command(['doctor', '-q'], { env: appEnvironment(simulator) });
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe('doctor --write', () => {
  test('sends nothing without a confirmation', async () => {
    const simulator = await startTestSimulator();
    const { code, stderr } = await command(['doctor', '--write'], { env: appEnvironment(simulator) });
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect(simulator.zoom.requests()).toEqual([]);
  });

  test('deletes what it created, and its record', async () => {
    const simulator = await startTestSimulator();
    const cwd = folder();
    const { code, stdout } = await command(['doctor', '--write', '--yes'], {
      cwd,
      env: appEnvironment(simulator),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {7}clean-up/m);
    expect(simulator.zoom.created().length).toBeGreaterThan(10);
    expect(simulator.zoom.groups()).toHaveLength(DEFAULT_GROUPS.length);
    expect(readdirSync(join(cwd, '.state/zoom-im-groups'))).toEqual([]);
  });

  test('after Ctrl-C deletes them first, and ends with 130', async () => {
    const simulator = await startTestSimulator({ latencyMs: 20 });
    const { code } = await command(['doctor', '--write', '--yes'], {
      env: appEnvironment(simulator),
      onStart: (child) => {
        void until(() => simulator.zoom.created().length > 4).then(() => child.kill('SIGINT'));
      },
    });
    expect(code).toBe(130);
    expect(simulator.zoom.groups()).toHaveLength(DEFAULT_GROUPS.length);
  });

  test('that was killed is found by the next doctor, and the next --write deletes what it left', async () => {
    const simulator = await startTestSimulator({ latencyMs: 20 });
    const { zoom } = simulator;
    const given = { cwd: folder(), env: appEnvironment(simulator) };
    const killed = await command(['doctor', '--write', '--yes'], {
      ...given,
      onStart: (child) => {
        void until(() => zoom.created().length > 6).then(() => child.kill('SIGKILL'));
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    const left = zoom.groups().filter(isTemporary);
    expect(left.length).toBeGreaterThan(0);

    const next = await command(['doctor'], given);
    expect(next.code).toBe(0);
    for (const { id } of left) expect(next.stdout).toContain(id);
    expect(next.stdout).toContain('doctor --write deletes them');
    expect(zoom.groups().filter(isTemporary)).toEqual(left);

    const last = await command(['doctor', '--write', '--yes'], given);
    expect(last.code).toBe(0);
    expect(last.stdout).toMatch(/^ok {7}leftovers/m);
    expect(zoom.groups().filter(isTemporary)).toEqual([]);
  });

  test('leaves the temporary groups of a doctor on another machine alone', async () => {
    const groups = [...DEFAULT_GROUPS, { id: 'ElsewhereElsewhere0000', name: 'zz-doctor-ffffffffi json' }];
    const simulator = await startTestSimulator({ groups });
    const { stdout } = await command(['doctor', '--write', '--yes'], { env: appEnvironment(simulator) });
    expect(stdout).toContain('ElsewhereElsewhere0000');
    expect(simulator.zoom.groups().map(({ id }) => id)).toContain('ElsewhereElsewhere0000');
  });

  test('sends nothing if its record cannot be written', async () => {
    const simulator = await startTestSimulator();
    const env = appEnvironment(simulator);
    const { code } = await command(['doctor', '--write', '--yes', '--state-dir', join(file(''), 'state')], {
      env,
    });
    expect(code).toBe(6);
    expect(simulator.zoom.requests()).toEqual([]);
  });
});
