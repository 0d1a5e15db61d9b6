/** The README's lines for cron, systemd and CI, run as those run them: with a bare environment and nobody to watch. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/server.js';
import { CLI, folder } from '../support/command.js';
import { startTestSimulator } from '../support/simulator.js';

const README = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');

/** The block of the README that begins with this line. */
function block(first: RegExp): string {
  const found = [...README.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].find(([, found = '']) => first.test(found));
  if (!found?.[1]) throw new Error(`the README has no block that begins with ${first}`);
  return found[1];
}

const SERVICE = block(/^# \/etc\/systemd\/system\/zoom-im-groups\.service/);
const TIMER = block(/^# \/etc\/systemd\/system\/zoom-im-groups\.timer/);

function setting(unit: string, name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
}

const CRON =
  block(/^# crontab/)
    .trimEnd()
    .split('\n')
    .at(-1) ?? '';

/** What each of them makes a shell do. */
const LINES: Readonly<Record<string, string>> = {
  cron: CRON.split(/\s+/).slice(5).join(' '),
  systemd: `cd ${setting(SERVICE, 'WorkingDirectory')} && set -a && . ${setting(SERVICE, 'EnvironmentFile')} && set +a && ${setting(SERVICE, 'ExecStart')}`,
  'GitHub Actions': `cd /srv/zoom && set -a && . /etc/zoom-im-groups.env && set +a && ${/run: (.*)/.exec(block(/^# a step of a GitHub/))?.[1]}`,
};

let zoom: Simulator;
let bin: string;
beforeAll(async () => {
  ({ zoom } = await startTestSimulator({ groups: [{ id: 'there', name: 'There' }] }));
  bin = join(folder(), 'bin');
  mkdirSync(bin);
  symlinkSync(CLI, join(bin, 'zoom-im-groups'));
});

type Ended = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly cwd: string;
};

/** Runs a line with the README's places moved into a folder of its own, and that file there. */
async function unattended(line: string, csv: string): Promise<Ended> {
  const cwd = folder();
  const env = join(cwd, 'zoom.env');
  const { accountId, clientId, clientSecret } = zoom.credentials;
  const values = [
    `ZOOM_ACCOUNT_ID=${accountId}`,
    `ZOOM_CLIENT_ID=${clientId}`,
    `ZOOM_CLIENT_SECRET=${clientSecret}`,
    `ZOOM_BASE_URL=${zoom.baseUrl}`,
    `ZOOM_TOKEN_URL=${zoom.tokenUrl}`,
  ];
  writeFileSync(env, `${values.join('\n')}\n`, { mode: 0o600 });
  writeFileSync(join(cwd, 'groups.csv'), csv);
  const moved = line.replaceAll('/srv/zoom', cwd).replaceAll('/etc/zoom-im-groups.env', env);
  const path = `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const child = spawn('/bin/sh', ['-c', moved], {
    cwd: '/',
    env: { PATH: path, HOME: cwd },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((done, failed) => child.on('close', done).on('error', failed));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr, cwd };
}

describe('the line for', () => {
  test.each(['cron', 'systemd'])('%s says nothing where all is well', async (name) => {
    expect(await unattended(LINES[name] ?? '', `name\nThere\nBy ${name}\n`)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(zoom.groups().map((group) => group.name)).toContain(`By ${name}`);
  });

  test.each([
    'cron',
    'systemd',
  ])('%s says on standard error what is wrong, and ends with its code', async (name) => {
    const done = await unattended(LINES[name] ?? '', 'name,type\nThere,purple\n');
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toMatch(/^groups\.csv:2:2 type-unknown/);
    expect(done.stderr.split('\n').length).toBeLessThan(8);
  });

  test('a job of GitHub Actions leaves one object of JSON', async () => {
    const { code, stdout, cwd } = await unattended(LINES['GitHub Actions'] ?? '', 'name\nThere\nBy CI\n');
    expect([code, stdout]).toEqual([0, '']);
    const summary = JSON.parse(readFileSync(join(cwd, 'summary.json'), 'utf8'));
    expect(summary).toMatchObject({ counts: { created: 1, 'already-provisioned': 1 }, exit: { code: 0 } });
  });

  test('cron has no % in it, which would end the line there', () => {
    expect(CRON).toMatch(/^\d+ \d+ \* \* \* /);
    expect(CRON).not.toContain('%');
  });

  const analyze = spawnSync('systemd-analyze', ['--version']).error === undefined;
  if (!analyze && process.env.CI === 'true') throw new Error('CI has to have systemd-analyze');
  if (!analyze) process.stderr.write('the systemd units are not verified: there is no systemd-analyze\n');
  test.skipIf(!analyze)('systemd is in units that it accepts', () => {
    const units = folder();
    const paths = Object.entries({ service: SERVICE, timer: TIMER }).map(([kind, unit]) => {
      const path = join(units, `zoom-im-groups.${kind}`);
      writeFileSync(path, unit);
      return path;
    });
    const checked = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' });
    expect(checked).toMatchObject({ status: 0, stderr: '' });
  });
});
