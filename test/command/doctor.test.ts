/** The built `doctor` command: exit codes, output, signals and kills. */
// @module-tag slow
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
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

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
if (!hasOpenssl && process.env.CI === 'true') throw new Error('CI has to have openssl');
if (!hasOpenssl)
  process.stderr.write('a certificate that is not trusted is not tested: there is no openssl\n');

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

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('the way to Zoom', () => {
  test('through a proxy that refuses to connect fails as the proxy, with its answer, and ends with 4', async () => {
    const simulator = await startTestSimulator();
    const asked: (string | undefined)[] = [];
    const proxy = createServer().on('connect', ({ url }, socket) => {
      asked.push(url);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    const { code, stdout } = await command(['doctor'], {
      env: {
        ...appEnvironment(simulator),
        ZOOM_BASE_URL: 'https://zoom.example/v2',
        HTTPS_PROXY: `http://127.0.0.1:${await listen(proxy)}`,
      },
    });
    expect(code).toBe(4);
    expect(stdout).toMatch(/^fail {5}proxy .*\n.*Check HTTPS_PROXY and NO_PROXY/m);
    expect(stdout).toMatch(/^fail {5}connection .*refused \(HTTP 403\)/m);
    expect(stdout).toMatch(/^unknown {2}tls/m);
    expect(new Set(asked)).toEqual(new Set(['zoom.example:443']));
  });

  test.skipIf(!hasOpenssl)(
    'over a self-signed certificate fails as TLS and ends with 3, until it is named as trusted',
    async () => {
      const simulator = await startTestSimulator();
      const cwd = folder();
      const [key, cert] = [join(cwd, 'key.pem'), join(cwd, 'cert.pem')];
      const certificate = 'req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1';
      const subject = '-subj /CN=localhost -addext subjectAltName=DNS:localhost';
      execFileSync('openssl', [...`${certificate} ${subject}`.split(' '), '-keyout', key, '-out', cert], {
        stdio: 'pipe',
      });
      const tls = { key: readFileSync(key), cert: readFileSync(cert) };
      const server = createTlsServer(tls, ({ method = '', url = '', headers }, response) => {
        request(`${simulator.zoom.url}${url}`, { method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        }).end();
      });
      const env = {
        ...appEnvironment(simulator),
        ZOOM_BASE_URL: `https://localhost:${await listen(server)}/v2`,
      };

      const refused = await command(['doctor'], { env });
      expect(refused.code).toBe(3);
      expect(refused.stdout).toMatch(/^fail {5}tls .*\n.*NODE_EXTRA_CA_CERTS/m);
      expect(refused.stdout).toMatch(/^ok {7}proxy .*no proxy is used/m);
      expect(refused.stdout).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
      // The token call went to the simulator; no other request was sent over the connection that is not trusted.
      expect(simulator.zoom.requests().map(({ path }) => path)).toEqual(['/oauth/token']);

      const trusted = await command(['doctor'], { env: { ...env, NODE_EXTRA_CA_CERTS: cert } });
      expect(trusted.code).toBe(0);
      expect(trusted.stdout).toMatch(/^ok {7}tls .*NODE_EXTRA_CA_CERTS/m);
    },
  );
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

  test('deletes what it created even if every answer to a write is lost, and does not wait for long', async () => {
    const simulator = await startTestSimulator({ faults: ['reset-after:1'] });
    const startedAt = performance.now();
    const { code, stdout } = await command(['doctor', '--write', '--yes'], {
      env: appEnvironment(simulator),
    });
    expect(code).toBe(4);
    expect(stdout).toMatch(/^ok {7}clean-up/m);
    expect(simulator.zoom.created()).toHaveLength(3);
    expect(simulator.zoom.groups()).toHaveLength(DEFAULT_GROUPS.length);
    // It would give up after a minute for each API.
    expect(performance.now() - startedAt).toBeLessThan(60_000);
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
