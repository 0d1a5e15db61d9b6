/** What a script may rely on of the command line: options, their environment variables, streams, exit codes, completions. */
// @module-tag slow

import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_NAMES } from '../../src/cli/options/commands.js';
import { optionsFor } from '../../src/cli/options/options.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { CLI, command, file, folder, summary, type Transcript } from '../support/command.js';

const SAMPLE = fileURLToPath(new URL('../../samples/groups.csv', import.meta.url));
const PROBLEMS = fileURLToPath(new URL('../../samples/groups-with-problems.csv', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const TWO = 'name\nFirst\nSecond\n';
const variable = (flag: string): string =>
  `ZOOM_IM_GROUPS_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`;

let zoom: Simulator;
let env: Record<string, string>;
beforeAll(async () => {
  zoom = await startSimulator({ latencyMs: 0, groups: [], accountPlan: 'business' });
  env = { ZOOM_BASE_URL: zoom.baseUrl, ZOOM_TOKEN_URL: zoom.tokenUrl, ZOOM_ACCESS_TOKEN: zoom.token };
});
afterAll(() => zoom.close());

const API = ['apply', 'plan', 'members', 'doctor', 'export', 'rollback'];
const CSV = ['apply', 'plan', 'members', 'validate'];
const RUN = ['apply', 'members', 'rollback'];
const SIMULATOR = [...API, 'simulate'];

/** Which commands take which option. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  '--simulate': API,
  '--account-plan': SIMULATOR,
  '--api': ['apply', 'plan', 'members', 'validate', 'export'],
  '--rate': ['apply', 'plan', 'members', 'rollback'],
  '--concurrency': RUN,
  '--out': ['apply', 'members', 'export', 'rollback', 'report'],
  '--force': ['export'],
  '--members': ['export'],
  '--resume': RUN,
  '--skip-invalid': ['apply', 'plan', 'members'],
  '--max-failures': ['apply', 'members'],
  '--limit': ['apply', 'members'],
  '--checksum': ['apply', 'members'],
  '--update': ['apply', 'plan'],
  '--include-updates': ['rollback'],
  '--body': ['apply'],
  '--no-listing': ['apply'],
  '--shared-limit': RUN,
  '--lock-timeout': RUN,
  '--state-dir': [...RUN, 'doctor'],
  '--shard': ['apply', 'plan', 'members'],
  '--dry-run': ['apply', 'members'],
  '--detailed-exitcode': ['apply', 'plan', 'members'],
  '--all': ['plan', 'validate'],
  '--yes': ['rollback', 'members', 'doctor'],
  '--write': ['doctor'],
  '--member': ['doctor'],
  '--remove': ['members'],
  '--sync': ['members'],
  '--max-removals': ['members'],
  '--group': ['members'],
  '--split': ['members'],
  '--fault': SIMULATOR,
  '--latency': SIMULATOR,
  '--daily-limit': SIMULATOR,
  '--port': SIMULATOR,
  '--seed': SIMULATOR,
  '--delimiter': CSV,
  '--encoding': CSV,
  '--map': CSV,
  '--config': ['apply', 'plan', 'members', 'validate', 'doctor', 'export', 'rollback', 'report', 'simulate'],
  '--json': ['apply', 'plan', 'members', 'validate', 'doctor', 'export', 'rollback', 'report'],
  '--quiet': ['apply', 'plan', 'members', 'validate', 'doctor', 'export', 'rollback', 'report', 'simulate'],
  '--log-format': API,
  '--log-level': API,
};

describe('help', () => {
  test.each(
    COMMAND_NAMES,
  )('%s --help shows its options, two examples, and what wins over what', async (name) => {
    const { code, stdout, stderr } = await command([name, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const flags = Object.keys(ONLY).filter((flag) => ONLY[flag]?.includes(name));
    const shown = [...stdout.matchAll(/^ {2}(?:-\w, |--env-file, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(shown.filter((flag) => flag !== '--help').sort()).toEqual(flags.sort());
    expect(stdout.match(/^ {2}zoom-im-groups \S.*$/gm)?.length).toBeGreaterThanOrEqual(2);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    if (name === 'completion') return;
    expect(stdout).toMatch(/wins over the\s+environment, the environment over --config/);
  });

  test('--version is the version of the package', async () => {
    expect(await command(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    [['apply', SAMPLE, '--simulat'], '--simulate'],
    [['plan', SAMPLE, '--acount-plan', 'pro'], '--account-plan'],
    [['aply', SAMPLE], 'apply'],
  ])('%j is refused with the word that was meant', async (args, meant) => {
    const cwd = folder();
    const done = await command(args, { cwd });
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr.toLowerCase()).toContain(`did you mean ${meant}?`);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each([
    ['--rate', '0'],
    ['--rate', '1e9'],
    ['--concurrency', '0'],
    ['--max-failures', '101%'],
    ['--shard', '3/2'],
    ['--account-plan', 'gold'],
    ['--body', 'xml'],
    ['--lock-timeout', '-1'],
    ['--map', 'name'],
    ['--delimiter', ';;'],
    ['--port', '70000'],
  ])('%s %s is refused, as an option and as its variable', async (flag, value) => {
    const asOption = await command(['apply', SAMPLE, '--simulate', flag, value]);
    const asVariable = await command(['apply', SAMPLE, '--simulate'], { env: { [variable(flag)]: value } });
    expect([asOption.code, asVariable.code]).toEqual([2, 2]);
    expect(asOption.stderr).toContain(flag);
    expect(asVariable.stderr).toContain(variable(flag));
    expect(asOption.stderr + asVariable.stderr).not.toMatch(/^ +at /m);
  });
});

describe('an option that has no effect is refused', () => {
  test.each([
    ['--fault', ['apply', SAMPLE, '--fault', '503:0.1'], '--simulate'],
    ['--port', ['export', '--port', '8080'], '--simulate'],
    ['--detailed-exitcode', ['apply', SAMPLE, '--simulate', '--detailed-exitcode'], '--dry-run'],
    ['--force', ['export', '--simulate', '--force'], '--out'],
    ['--json', ['export', '--simulate', '--json'], '--out'],
  ])('%s of %j works only with %s', async (flag, args, needed) => {
    const cwd = folder();
    const done = await command(args, { cwd });
    expect(done.code).toBe(2);
    expect(done.stderr).toContain(`${flag} works only with ${needed}`);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each([
    [['--update', '--no-listing'], '--no-listing'],
    [['--checksum', '0123abcd', '--no-listing'], '--checksum'],
    [['--api', 'contacts', '--body', 'multipart'], '--body multipart'],
  ])('%j contradict each other', async (options, named) => {
    const done = await command(['apply', SAMPLE, '--simulate', ...options]);
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain(named);
  });

  test('but ignored where a variable sets it for all commands', async () => {
    const env = { ZOOM_IM_GROUPS_FAULT: 'nonsense', ZOOM_IM_GROUPS_SEED: '7', ZOOM_IM_GROUPS_YES: '1' };
    expect(await command(['validate', SAMPLE], { env })).toMatchObject({ code: 0 });
    const done = await command(['plan', SAMPLE], { env });
    expect(done.stderr).toContain('no credentials');
  });
});

test('-q of simulate prints only lines that a shell can evaluate', async () => {
  const done = await command(['simulate', '-q'], {
    onStart: (child) => child.stdout?.once('data', () => child.kill('SIGTERM')),
  });
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(
    done.stdout
      .trimEnd()
      .split('\n')
      .every((line) => /^export ZOOM_\w+=\S+$/.test(line)),
  ).toBe(true);
});

describe("an option's environment variable", () => {
  test('is read for every option: a value that it can not have is refused by its name', async () => {
    const seen = new Set<string>();
    const checks: Promise<void>[] = [];
    for (const name of ['apply', 'rollback', 'report'] as const) {
      for (const option of optionsFor(name)) {
        const isText = !option.parseArg && !option.isBoolean() && !option.negate;
        if (isText || option.parseArg?.name === 'appendValue' || seen.has(option.long ?? '')) continue;
        seen.add(option.long ?? '');
        checks.push(
          command([name, SAMPLE], { env: { [variable(option.long ?? '')]: '?' } }).then((done) => {
            // One character is a delimiter.
            if (option.long === '--delimiter') return;
            expect(done.stderr).toContain(variable(option.long ?? ''));
            expect(done.code).toBe(2);
          }),
        );
      }
    }
    await Promise.all(checks);
    expect(seen.size).toBeGreaterThan(20);
  });

  test('a switch is 1 or 0', async () => {
    const input = file(TWO);
    const on = await command(['apply', input, '--out', 'a'], { env: { ZOOM_IM_GROUPS_SIMULATE: '1' } });
    expect(on).toMatchObject({ code: 0 });
    const off = await command(['apply', input, '--out', 'a'], { env: { ZOOM_IM_GROUPS_SIMULATE: '0' } });
    expect(off.code).toBe(2);
    expect(off.stderr).toContain('--simulate');
  });

  test.each([
    '0',
    'no',
    'false',
  ])('--resume, whose value may be left out, is off as RESUME=%s', async (value) => {
    const given = { env: { ZOOM_IM_GROUPS_RESUME: value } };
    expect(await command(['apply', file(TWO), '--simulate'], given)).toMatchObject({ code: 0 });
  });

  test.each([
    ['1', 0],
    ['0', 1],
    ['', 1],
  ])('--no-listing as NO_LISTING=%j lists %i times', async (value, lists) => {
    const cwd = folder();
    await command(['apply', file(TWO), '--out', 'run', '--simulate'], {
      cwd,
      env: { ZOOM_IM_GROUPS_NO_LISTING: value },
    });
    expect(summary(join(cwd, 'run')).requests.lists).toBe(lists);
  });

  test('values of an option that may be repeated are separated by commas', async () => {
    const input = file('Gruppe;Art\nOne;shared\n');
    const mapped = await command(['validate', input], {
      env: { ZOOM_IM_GROUPS_MAP: 'Gruppe=name, Art=type' },
    });
    expect(mapped).toMatchObject({ code: 0 });
    const faulty = await command(['apply', file(TWO), '--simulate', '--max-failures', '1'], {
      env: { ZOOM_IM_GROUPS_FAULT: '503:0.1,no-such-fault' },
    });
    expect(faulty.code).toBe(2);
    expect(faulty.stderr).toContain('no-such-fault');
    expect(faulty.stderr).not.toContain('503:0.1,');
  });

  test('loses to the option, and wins over the default', async () => {
    const cwd = folder();
    const given = { cwd, env: { ZOOM_IM_GROUPS_ACCOUNT_PLAN: 'business', ZOOM_IM_GROUPS_OUT: 'variable' } };
    await command(['apply', file(TWO), '--simulate'], given);
    await command(['apply', file(TWO), '--simulate', '--out', 'option', '--account-plan', 'free'], given);
    expect(summary(join(cwd, 'variable')).target).toMatchObject({ account_plan: 'business' });
    expect(summary(join(cwd, 'option')).target).toMatchObject({ account_plan: 'free' });
  });
});

describe('credentials', () => {
  const app = (): string =>
    Object.entries({ ...zoom.credentials })
      .map(([key, value]) => `ZOOM_${key.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}=${value}`)
      .join('\n');
  const urls = (): Record<string, string> => ({
    ZOOM_BASE_URL: zoom.baseUrl,
    ZOOM_TOKEN_URL: zoom.tokenUrl,
  });

  test('come from --config; one that others can read is used with a warning', async () => {
    const path = file(app(), 'zoom.env');
    chmodSync(path, 0o600);
    const kept = await command(['plan', file(TWO), '--config', path], { env: urls() });
    expect(kept).toMatchObject({ code: 0 });
    expect(kept.stderr).not.toContain('chmod');
    chmodSync(path, 0o644);
    const open = await command(['plan', file(TWO), '--config', path], { env: urls() });
    expect(open).toMatchObject({ code: 0 });
    expect(open.stderr).toContain(`chmod 600 ${path}`);
  });

  test('of the environment win over --config', async () => {
    const path = file('ZOOM_ACCESS_TOKEN=wrong\nZOOM_BASE_URL=http://elsewhere.example\n', 'zoom.env');
    const done = await command(['plan', file(TWO), '--config', path], { env });
    expect(done).toMatchObject({ code: 0 });
  });

  test('of an app in the environment win over a token in --config', async () => {
    const path = file('ZOOM_ACCESS_TOKEN=wrong\n', 'zoom.env');
    const ours = Object.fromEntries(
      app()
        .split('\n')
        .map((line) => line.split('=', 2)),
    );
    const done = await command(['plan', file(TWO), '--config', path], { env: { ...urls(), ...ours } });
    expect(done).toMatchObject({ code: 0 });
  });

  test("of the environment win over --config, also where the secret's file says otherwise", async () => {
    const { ZOOM_CLIENT_SECRET: secret, ...ours } = Object.fromEntries(
      app()
        .split('\n')
        .map((line) => line.split('=', 2)),
    );
    const env = { ...urls(), ...ours, ZOOM_CLIENT_SECRET_FILE: file(secret ?? '', 'secret') };
    const path = file('ZOOM_CLIENT_SECRET=wrong\n', 'zoom.env');
    expect(await command(['plan', file(TWO), '--config', path], { env })).toMatchObject({ code: 0 });
  });

  test('may have the secret in a file of its own', async () => {
    const { accountId, clientId, clientSecret } = zoom.credentials;
    const path = file(`${clientSecret}\n`, 'secret');
    chmodSync(path, 0o600);
    const done = await command(['plan', file(TWO)], {
      env: {
        ...urls(),
        ZOOM_ACCOUNT_ID: accountId,
        ZOOM_CLIENT_ID: clientId,
        ZOOM_CLIENT_SECRET_FILE: path,
      },
    });
    expect(done).toMatchObject({ code: 0 });
    expect(done.stdout + done.stderr).not.toContain(clientSecret);
  });

  test('that are incomplete name what is missing', async () => {
    const done = await command(['apply', file(TWO)], { env: { ZOOM_ACCOUNT_ID: 'a', ZOOM_CLIENT_ID: 'b' } });
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('ZOOM_CLIENT_SECRET');
  });

  test.each(['apply', 'plan', 'export'])('%s without any names both ways out', async (name) => {
    const done = await command(name === 'export' ? [name] : [name, file(TWO)]);
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain('ZOOM_CLIENT_SECRET');
    expect(done.stderr).toContain('--simulate');
  });

  test.each(['ZOOM_BASE_URL', 'ZOOM_TOKEN_URL'])('are not sent over http: %s', async (name) => {
    const wrong = { ...urls(), [name]: 'http://api.zoom.example/v2' };
    const { accountId, clientId, clientSecret } = zoom.credentials;
    const done = await command(['plan', file(TWO)], {
      env: {
        ...wrong,
        ZOOM_ACCOUNT_ID: accountId,
        ZOOM_CLIENT_ID: clientId,
        ZOOM_CLIENT_SECRET: clientSecret,
      },
    });
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toMatch(/https/);
  });

  test('in a file that is not there are an error that names it', async () => {
    const done = await command(['plan', file(TWO), '--env-file', 'nowhere.env'], { env });
    // Node 20 looks for --env-file itself, all along the command line, and ends with 9 before we are asked.
    expect([2, 9]).toContain(done.code);
    expect(done.stderr).toContain('nowhere.env');
    expect(done.stdout).toBe('');
  });
});

describe('streams', () => {
  test('-q says nothing when all is well', async () => {
    const cwd = folder();
    const applied = await command(['apply', SAMPLE, '--simulate', '-q', '--out', 'run'], { cwd });
    const said = [applied];
    said.push(await command(['report', 'run', '-q'], { cwd }));
    said.push(await command(['plan', SAMPLE, '--simulate', '-q'], { cwd }));
    said.push(await command(['validate', SAMPLE, '-q'], { cwd }));
    // A plan is a result: even then it may be one line.
    for (const one of [applied, said[1], said[3]] as Transcript[]) {
      expect(one).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
    expect(said[2]?.stderr).toBe('');
  });

  test('-q says one paragraph on stderr when all is not well', async () => {
    const done = await command(['apply', file(TWO), '--simulate', '-q', '--fault', 'paid:1', '--out', 'run']);
    expect(done.code).toBe(3);
    expect(done.stdout).toBe('');
    expect(done.stderr.trim()).not.toMatch(/\n\n/);
    expect(done.stderr.trim().split('\n').length).toBeLessThanOrEqual(4);
    expect(done.stderr.length).toBeGreaterThan(20);
  });

  test('--json is exactly one JSON object on stdout', async () => {
    const cwd = folder();
    const runs: readonly (readonly string[])[] = [
      ['apply', SAMPLE, '--simulate', '--json', '--out', 'run'],
      ['apply', PROBLEMS, '--simulate', '--json'],
      ['apply', PROBLEMS, '--simulate', '--json', '--skip-invalid', '--out', 'some'],
      ['apply', SAMPLE, '--simulate', '--json', '--dry-run'],
      ['plan', SAMPLE, '--simulate', '--json'],
      ['plan', PROBLEMS, '--simulate', '--json'],
      ['validate', SAMPLE, '--json'],
      ['validate', PROBLEMS, '--json', '-q'],
      ['report', 'run', '--json'],
      ['report', 'run', 'some', '--json', '--out', 'both'],
      ['rollback', 'run', '--simulate', '--yes', '--json', '--out', 'back'],
    ];
    for (const args of runs) {
      const { stdout, stderr } = await command(args, { cwd });
      expect(() => JSON.parse(stdout), `${args.join(' ')}: ${stdout}${stderr}`).not.toThrow();
      expect(JSON.parse(stdout)).toBeInstanceOf(Object);
    }
  });

  test('there is no colour where the output is no terminal, nor a word but the result on stdout', async () => {
    const done = await command(['apply', SAMPLE, '--simulate'], { env: { NO_COLOR: '1', FORCE_COLOR: '' } });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colour is made of
    expect(done.stdout + done.stderr).not.toMatch(/\x1b/);
    const exported = await command(['export', '--simulate']);
    expect(exported.stdout.split('\n')[0]).toMatch(/^name,type/);
    expect(exported.stderr).toContain('exported');
  });
});

test('one of a thing is named in the singular', async () => {
  const one = file('name,type\nA,x\n');
  expect((await command(['apply', one, '--simulate'])).stderr).toContain('1 problem in 1 row:');
  expect((await command(['validate', one])).stdout).toContain(
    ': 0 groups, 0 duplicates, 1 invalid row, 1 problem\n',
  );
});

describe('the program', () => {
  test('starts by its own name, through a symlink, from any folder', () => {
    expect(statSync(CLI).mode & 0o111).toBe(0o111);
    const cwd = folder();
    symlinkSync(CLI, join(cwd, 'zoom-im-groups'));
    const done = spawnSync('./zoom-im-groups', ['apply', SAMPLE, '--simulate', '-q'], {
      cwd,
      encoding: 'utf8',
    });
    expect(done).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(cwd)).toContain('runs');
  });

  test('loads for --version and --help no more than it needs', () => {
    const hook = file(
      `import { registerHooks, register } from 'node:module';
       import { writeSync } from 'node:fs';
       register('data:text/javascript,' + encodeURIComponent(\`
         import { writeSync } from 'node:fs';
         export async function load(url, context, next) { writeSync(2, url + '\\\\n'); return next(url, context); }
       \`));`.replace('registerHooks, ', ''),
      'hook.mjs',
    );
    const loaded = (...args: string[]): string => {
      const done = spawnSync(process.execPath, ['--import', hook, CLI, ...args], { encoding: 'utf8' });
      expect(done.stdout.length).toBeGreaterThan(3);
      return done.stderr;
    };
    const heavy = /node_modules\/(undici|csv-parse|bottleneck|pino|p-limit|ioredis)\/|simulator/;
    for (const args of [['--version'], ['--help'], ['apply', '--help'], ['completion', 'bash']]) {
      const told = loaded(...args);
      if (args[0] !== 'completion') expect(told).not.toMatch(heavy);
      expect(told).toContain('commander');
    }
    expect(loaded('validate', SAMPLE)).toMatch(/csv-parse/);
    expect(loaded('validate', SAMPLE)).not.toMatch(/undici|simulator/);
  });
});
