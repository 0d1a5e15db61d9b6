/** The samples for cron, systemd, CI and containers, run as those run them: bare environment, no terminal. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ZOOM_VARIABLES } from '../../src/cli/options/environment.js';
import { optionNames } from '../../src/cli/options/options.js';
import type { Simulator } from '../../src/simulator/server.js';
import { command, folder } from '../support/command.js';
import { createBinFolder, runShell, type ShellResult } from '../support/shell.js';
import { startTestSimulator } from '../support/simulator.js';

const ROOT = resolve(import.meta.dirname, '../..');

function readSample(name: string): string {
  return readFileSync(join(ROOT, 'samples', name), 'utf8');
}

const CRONTAB = readSample('deploy/crontab.example');
const SERVICE = readSample('deploy/zoom-im-groups.service');
const TIMER = readSample('deploy/zoom-im-groups.timer');
const WORKFLOW = readSample('deploy/github-actions.yml');
const CRONJOB = readSample('deploy/kubernetes-cronjob.yaml');
const DOCKERFILE = readSample('deploy/Dockerfile');

function setting(unit: string, name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
}

/** The commands of a crontab, without the five fields before them. */
const CRON_LINES = CRONTAB.split('\n').filter((line) => /^[\d*]/.test(line));
const [APPLY_NIGHTLY = '', CLEAN_UP = ''] = CRON_LINES.map((line) => line.split(/\s+/).slice(5).join(' '));

/** What each makes a shell do. */
const COMMANDS: Readonly<Record<string, string>> = {
  cron: APPLY_NIGHTLY,
  systemd: `cd ${setting(SERVICE, 'WorkingDirectory')} && set -a && . ${setting(SERVICE, 'EnvironmentFile')} && set +a && ${setting(SERVICE, 'ExecStart')}`,
};

let zoom: Simulator;
let bin: string;
beforeAll(async () => {
  ({ zoom } = await startTestSimulator({ groups: [{ id: 'there', name: 'There' }] }));
  bin = createBinFolder();
});

function environment(): Readonly<Record<string, string>> {
  const { accountId, clientId, clientSecret } = zoom.credentials;
  return {
    ZOOM_ACCOUNT_ID: accountId,
    ZOOM_CLIENT_ID: clientId,
    ZOOM_CLIENT_SECRET: clientSecret,
    ZOOM_BASE_URL: zoom.baseUrl,
    ZOOM_TOKEN_URL: zoom.tokenUrl,
  };
}

/** Runs a line with the places it names moved into one folder, which has that file. */
async function runUnattended(line: string, csv: string): Promise<ShellResult & { readonly cwd: string }> {
  const cwd = folder();
  const config = join(cwd, 'zoom.env');
  const lines = Object.entries(environment()).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(config, lines.join(''), { mode: 0o600 });
  writeFileSync(join(cwd, 'groups.csv'), csv);
  const moved = line
    .replaceAll('/srv/zoom-im-groups', cwd)
    .replaceAll('/var/lib/zoom-im-groups', cwd)
    .replaceAll('/etc/zoom-im-groups.env', config)
    .replaceAll('/usr/local/bin', bin);
  return { ...(await runShell(moved, { bin, cwd })), cwd };
}

describe('the line for', () => {
  test.each(['cron', 'systemd'])('%s prints nothing if all is well', async (name) => {
    const done = await runUnattended(COMMANDS[name] ?? '', `name\nThere\nBy ${name}\n`);
    expect(done).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(zoom.groups().map((group) => group.name)).toContain(`By ${name}`);
  });

  test.each(['cron', 'systemd'])('%s prints what is wrong, and ends with its code', async (name) => {
    const done = await runUnattended(COMMANDS[name] ?? '', 'name,type\nThere,purple\n');
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toMatch(/^groups\.csv:2:2 type-unknown/);
    expect(done.stderr.split('\n').length).toBeLessThan(8);
  });
});

describe('the crontab', () => {
  test('has no % in a command, which would end it', () => {
    expect(CRON_LINES).toHaveLength(2);
    for (const line of CRON_LINES) {
      expect(line).toMatch(/^\d+ \d+ \* \* [*\d] /);
      expect(line).not.toContain('%');
    }
  });

  test('removes run folders after 90 days, and nothing else', async () => {
    const { cwd } = await runUnattended(APPLY_NIGHTLY, 'name\nThere\n');
    const before = readdirSync(join(cwd, 'runs'));
    const old = join(cwd, 'runs/groups-20200101T000000Z');
    mkdirSync(old);
    const daysAgo = Date.now() / 1000 - 92 * 86_400;
    utimesSync(old, daysAgo, daysAgo);
    const line = CLEAN_UP.replaceAll('/srv/zoom-im-groups', cwd);
    expect(await runShell(line, { bin, cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(join(cwd, 'runs'))).toEqual(before);
  });
});

describe('the systemd units', () => {
  const analyze = spawnSync('systemd-analyze', ['--version']).error === undefined;
  if (!analyze && process.env.CI === 'true') throw new Error('CI has to have systemd-analyze');
  if (!analyze) process.stderr.write('the systemd units are not verified: there is no systemd-analyze\n');

  test.skipIf(!analyze)('are accepted by systemd', () => {
    const units = folder();
    const paths = Object.entries({ service: SERVICE, timer: TIMER }).map(([kind, unit]) => {
      const path = join(units, `zoom-im-groups.${kind}`);
      writeFileSync(path, unit.replaceAll('/usr/local/bin', bin));
      return path;
    });
    const checked = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' });
    expect(checked).toMatchObject({ status: 0, stderr: '' });
  });

  test('name a user, and absolute paths only', () => {
    expect(setting(SERVICE, 'User')).toBe('zoom-im-groups');
    for (const name of ['WorkingDirectory', 'EnvironmentFile', 'ExecStart']) {
      expect(setting(SERVICE, name)).toMatch(/^\//);
    }
  });
});

/** A document as a YAML parser reads it; undefined if there is none on this machine. */
function parseYaml(text: string): unknown {
  const script = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, default=str)';
  const { status, stdout } = spawnSync('python3', ['-c', script], { input: text, encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : undefined;
}
const hasYaml = parseYaml('a: 1') !== undefined;
if (!hasYaml) process.stderr.write('the YAML samples are not parsed: python3 has no yaml module\n');

describe('the GitHub Actions workflow', () => {
  const runs = [...WORKFLOW.matchAll(/^ +run: (.*)$/gm)].map(([, line = '']) => line);

  test.skipIf(!hasYaml)('is a job of steps', () => {
    expect(parseYaml(WORKFLOW)).toMatchObject({
      permissions: { contents: 'read' },
      concurrency: 'zoom-im-groups',
      jobs: { groups: { steps: expect.arrayContaining([{ uses: 'actions/checkout@v4' }]) } },
    });
  });

  test('installs, checks the file, and leaves one object of JSON and the reports', async () => {
    const [install, ...lines] = runs;
    expect(install).toBe('npm ci && npm install --global .');
    const cwd = folder();
    writeFileSync(join(cwd, 'groups.csv'), 'name\nThere\nBy a workflow\n');
    for (const line of lines) {
      expect(await runShell(line, { bin, cwd, env: environment() }), line).toMatchObject({ code: 0 });
    }
    const summary = JSON.parse(readFileSync(join(cwd, 'summary.json'), 'utf8'));
    expect(summary).toMatchObject({ counts: { created: 1, 'already-provisioned': 1 }, exit: { code: 0 } });
    for (const path of WORKFLOW.match(/(?<=^ {12})\S+$/gm) ?? [])
      expect(existsSync(join(cwd, path))).toBe(true);
  });

  test('gives the secrets to no step that a pull request runs', () => {
    const [, beforeApply = '', apply = ''] =
      /([\s\S]*)(- name: Create the groups[\s\S]*)/.exec(WORKFLOW) ?? [];
    expect(beforeApply).not.toContain('${{ secrets.');
    expect(apply).toContain("if: github.event_name != 'pull_request'");
  });
});

describe('the Kubernetes CronJob', () => {
  test.skipIf(!hasYaml)('is an indexed job whose pods do not overlap', () => {
    expect(parseYaml(CRONJOB)).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      spec: {
        concurrencyPolicy: 'Forbid',
        jobTemplate: { spec: { completionMode: 'Indexed', completions: 3, parallelism: 3 } },
      },
    });
  });

  test('creates each group in one of its pods, whose runs make one report', async () => {
    const script = /^ +- \|\n((?: {18}.*\n)+)/m.exec(CRONJOB)?.[1] ?? '';
    const variables = [...CRONJOB.matchAll(/- name: (ZOOM_\w+)\n +value: '?([^'\n]+)/g)];
    const cwd = folder();
    mkdirSync(join(cwd, 'config'));
    const names = Array.from({ length: 12 }, (_, i) => `By pod ${i}`);
    writeFileSync(join(cwd, 'config/groups.csv'), `name\n${names.join('\n')}\n`);
    const pods = [0, 1, 2].map((index) => {
      const places: Readonly<Record<string, string>> = {
        data: 'data',
        config: 'config',
        tmp: `tmp-${index}`,
      };
      const move = (text: string): string =>
        text.replace(/\/(data|config|tmp)\b/g, (_, name: string) => join(cwd, places[name] ?? ''));
      const env = Object.fromEntries(variables.map(([, name = '', value = '']) => [name, move(value)]));
      const all = { ...environment(), ...env, JOB_COMPLETION_INDEX: String(index) };
      return runShell(move(script), { bin, cwd, env: all });
    });
    for (const pod of await Promise.all(pods)) expect(pod).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const created = zoom.created().filter(({ name }) => name.startsWith('By pod'));
    expect(created.map(({ name }) => name).sort()).toEqual([...names].sort());
    const report = await runShell('zoom-im-groups report data/shard-*/runs/* --out all --json', { bin, cwd });
    expect(JSON.parse(report.stdout)).toMatchObject({ counts: { created: 12 }, exit: { code: 0 } });
  });
});

describe('the Dockerfile', () => {
  test('copies all that the package is made from', () => {
    const cwd = folder();
    const copied = [...DOCKERFILE.matchAll(/^COPY (?!--from)(.*) (\S+)$/gm)];
    for (const [, sources = '', to = ''] of copied) {
      for (const source of sources.split(' ')) {
        const target = to.endsWith('/') ? join(cwd, to, source) : join(cwd, to);
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(ROOT, source), target, { recursive: true });
      }
    }
    symlinkSync(join(ROOT, 'node_modules'), join(cwd, 'node_modules'));
    const pack = /^RUN (npm pack) --pack-destination \/tmp$/m.exec(DOCKERFILE)?.[1] ?? '';
    expect(pack).toBe('npm pack');
    const packed = spawnSync('npm', ['pack', '--json'], { cwd, encoding: 'utf8', shell: false });
    expect(packed.status, packed.stderr).toBe(0);
    const paths = readdirSync(join(cwd, 'dist'));
    expect(paths).toEqual(expect.arrayContaining(['cli.js', 'index.js', 'index.d.ts']));
    expect(readdirSync(cwd).some((name) => /^zoom-im-groups-.*\.tgz$/.test(name))).toBe(true);
    rmSync(join(cwd, 'node_modules'));
  });
});

describe('the file of credentials', () => {
  test('sets and suggests only what is read', () => {
    const known = new Set<string>([
      ...ZOOM_VARIABLES,
      ...[...optionNames()].map((name) => `ZOOM_IM_GROUPS_${name.toUpperCase().replaceAll('-', '_')}`),
    ]);
    const lines = readSample('deploy/zoom.env.example').match(/^#?[A-Z_]+=/gm) ?? [];
    const named = lines.map((line) => line.replace(/^#|=$/g, ''));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the memberships', () => {
  test.each([
    ['members.csv', []],
    ['entra-members.csv', ['--group', 'Board']],
  ])('of %s are added in the simulator', async (name, options) => {
    const done = await command(['members', join(ROOT, 'samples', name), ...options, '--simulate', '--json']);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout).counts.added).toBeGreaterThan(0);
  });
});

/** The names of an object's keys and the types of its values, all the way down; of an array, its first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

describe('the examples of JSON', () => {
  const cwd = folder();
  cpSync(join(ROOT, 'samples'), join(cwd, 'samples'), { recursive: true });

  test('summary.json has what a stopped run writes', async () => {
    const args = ['apply', 'samples/groups.csv', '--simulate', '--daily-limit', '20', '--out', 'run'];
    expect(await command(args, { cwd })).toMatchObject({ code: 4 });
    const written = JSON.parse(readFileSync(join(cwd, 'run/summary.json'), 'utf8'));
    const sample = JSON.parse(readSample('summary.json'));
    expect(shapeOf(sample)).toEqual(shapeOf(written));
    for (const key of ['schema_version', 'command', 'tool_version', 'input', 'files']) {
      expect(sample[key], key).toEqual(written[key]);
    }
    expect(sample.exit.reason).toBe(written.exit.reason);
  });

  test('plan.json is what plan prints for the sample file', async () => {
    const { code, stdout } = await command(['plan', 'samples/groups.csv', '--simulate', '--json'], { cwd });
    expect(code).toBe(0);
    const printed = JSON.parse(stdout);
    const sample = JSON.parse(readSample('plan.json'));
    const { target, checksum } = printed;
    expect({ ...sample, target: { ...sample.target, base_url: target.base_url }, checksum }).toEqual(printed);
    expect(sample.checksum).toMatch(/^[0-9a-f]{64}$/);
  });
});
