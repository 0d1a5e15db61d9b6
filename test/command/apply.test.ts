/** What a user may rely on of `apply`, through the built command and real sockets. */
// @module-tag slow

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import { command, file, folder, journal, results, summary } from '../support/command.js';
import { startTestSimulator, type TestSimulator } from '../support/simulator.js';

const SAMPLE = fileURLToPath(new URL('../../samples/groups.csv', import.meta.url));
const PROBLEMS = fileURLToPath(new URL('../../samples/groups-with-problems.csv', import.meta.url));

/** An empty account on a business plan. */
function startEmptyAccount(options: SimulatorOptions = {}): Promise<TestSimulator> {
  return startTestSimulator({ groups: [], accountPlan: 'business', ...options });
}

const names = (n: number): string =>
  `name\n${Array.from({ length: n }, (_, i) => `Group ${i + 1}`).join('\n')}\n`;

describe('the first command of a new user', () => {
  test('creates the sample groups in the simulator, and says "simulated" first and last', async () => {
    const cwd = folder();
    const done = await command(['apply', SAMPLE, '--simulate'], { cwd });
    expect(done).toMatchObject({ code: 0 });
    const lines = done.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/simulated/i);
    expect(lines.at(-1)).toMatch(/simulated/i);
    expect(done.stdout).toMatch(/created/);
    expect(done.stdout).toMatch(/already-provisioned/);
  });

  test('needs credentials or --simulate, and names both ways out, --config and the README', async () => {
    const done = await command(['apply', file('name\nx\n')]);
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('ZOOM_ACCOUNT_ID');
    for (const way of ['--simulate', '--config', 'README']) expect(done.stderr).toContain(way);
    expect(done.stdout).toBe('');
  });
});

describe('a run', () => {
  const out = 'run';
  let cwd = '';
  let zoom: Simulator;
  let input = '';
  beforeAll(async () => {
    const account = await startEmptyAccount({
      latencyMs: 15,
      groups: [
        { id: 'there', name: 'There', type: 'normal', total_members: 3 },
        { id: '-other', name: 'Other', type: 'shared' },
      ],
    });
    zoom = account.zoom;
    cwd = folder();
    input = join(cwd, 'in.csv');
    const many = Array.from({ length: 60 }, (_, i) => `"Team, ${i}",,yes,=1+${i}`).join('\r\n');
    writeFileSync(
      input,
      `Group Name,type,searchByDomain,Owner\r\nThere,normal,,a\r\nOther,restricted,,b\r\n${many}\r\nThere,normal,,c\r\n`,
    );
    const done = await command(['apply', input, '--out', out, '--account-plan', 'business'], {
      cwd,
      env: account.env,
    });
    expect(done).toMatchObject({ code: 0 });
  });

  test('results.csv has every input row once, in input order, with the original cells after the zoom__ columns', () => {
    const rows = results(join(cwd, out));
    expect(rows.map((row) => Number(row.zoom__line))).toEqual(Array.from({ length: 63 }, (_, i) => i + 2));
    expect(rows[2]).toMatchObject({
      'Group Name': 'Team, 0',
      zoom__status: 'created',
      searchByDomain: 'yes',
    });
    expect(Object.keys(rows[0] ?? {})).toEqual([
      'zoom__status',
      'zoom__line',
      'zoom__group_id',
      'zoom__http_status',
      'zoom__code',
      'zoom__attempts',
      'zoom__tracking_id',
      'zoom__detail',
      'Group Name',
      'type',
      'searchByDomain',
      'Owner',
    ]);
  });

  test('results.csv says how each row ended', () => {
    const rows = results(join(cwd, out));
    const there = rows.find((row) => row['Group Name'] === 'There');
    const other = rows.find((row) => row['Group Name'] === 'Other');
    expect(there).toMatchObject({
      zoom__status: 'already-provisioned',
      zoom__detail: 'identical',
      zoom__group_id: 'there',
    });
    expect(other).toMatchObject({
      zoom__status: 'already-provisioned',
      zoom__detail: 'differs: type shared → restricted',
      zoom__group_id: "'-other",
    });
    expect(rows.at(-1)).toMatchObject({ zoom__status: 'duplicate', zoom__detail: 'same as line 2' });
    const created = rows.filter((row) => row.zoom__status === 'created');
    expect(new Set(created.map((row) => row.zoom__group_id?.replace(/^'/, '')))).toEqual(
      new Set(zoom.created().map(({ id }) => id)),
    );
    for (const row of created) expect(row).toMatchObject({ zoom__http_status: '201', zoom__attempts: '1' });
  });

  test('results.csv neutralises cells that a spreadsheet would run as a formula', () => {
    expect(results(join(cwd, out))[2]?.Owner).toBe("'=1+0");
  });

  test('summary.json has the counts, the target and the exit for a script', () => {
    const made = summary(join(cwd, out));
    expect(made).toMatchObject({
      schema_version: 2,
      command: 'apply',
      simulated: false,
      input: {
        path: input,
        rows: 63,
        sha256: createHash('sha256').update(readFileSync(input)).digest('hex'),
      },
      target: { base_url: zoom.baseUrl, api: 'im', account_plan: 'business', rate_per_second: 80 },
      counts: {
        created: 60,
        'already-provisioned': 2,
        duplicate: 1,
        failed: 0,
        unknown: 0,
        invalid: 0,
        updated: 0,
        'not-attempted': 0,
      },
      requests: { sent: 60, retried: 0, lists: 1 },
      exit: { code: 0 },
    });
  });

  test('failed.csv has the header only, and only the owner can read the files', () => {
    expect(readFileSync(join(cwd, out, 'failed.csv'), 'utf8')).toBe(
      'Group Name,type,searchByDomain,Owner\r\n',
    );
    for (const name of ['journal.ndjson', 'results.csv', 'failed.csv', 'summary.json', 'report.html']) {
      expect(statSync(join(cwd, out, name)).mode & 0o777, name).toBe(0o600);
    }
    expect(statSync(join(cwd, out)).mode & 0o777).toBe(0o700);
  });

  test('the journal has each create before its answer', () => {
    const events = journal(join(cwd, out));
    expect(events[0]).toMatchObject({ type: 'run', schemaVersion: 2 });
    const attempted = new Set<number>();
    let creates = 0;
    for (const event of events) {
      if (event.type === 'attempt') attempted.add(event.step);
      if (event.type === 'attempt' && event.operation === 'create') creates += 1;
      if (event.type === 'reply') expect(attempted).toContain(event.step);
    }
    expect(creates).toBe(60);
  });

  test('a folder that holds a run is never written over', async () => {
    const again = await command(['apply', input, '--out', out, '--simulate'], { cwd });
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('--resume');
  });

  test.each([
    'results.csv',
    'failed.csv',
    'summary.json',
    'report.html',
  ])('a %s that existed before is never written over, whether it is the input or not', async (name) => {
    const { zoom, env } = await startEmptyAccount();
    const cwd = folder();
    mkdirSync(join(cwd, 'mine'));
    writeFileSync(join(cwd, 'mine', name), 'name\nA\n');
    for (const input of [join('mine', name), SAMPLE]) {
      const refused = await command(['apply', input, '--out', 'mine'], { cwd, env });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain(join('mine', name));
    }
    expect(readFileSync(join(cwd, 'mine', name), 'utf8')).toBe('name\nA\n');
    expect(readdirSync(join(cwd, 'mine'))).toEqual([name]);
    expect(zoom.requests()).toEqual([]);
  });

  test('costs one request when the same file is applied again', async () => {
    const before = zoom.requests().length;
    const env = { ZOOM_BASE_URL: zoom.baseUrl, ZOOM_ACCESS_TOKEN: zoom.token };
    const again = await command(['apply', input, '--out', 'again', '--json'], { cwd, env });
    expect(again.code).toBe(0);
    expect(zoom.requests().length - before).toBe(1);
    expect(JSON.parse(again.stdout).counts).toMatchObject({
      created: 0,
      'already-provisioned': 62,
      duplicate: 1,
    });
  });
});

describe('a multipart create', () => {
  test('sends the fields that the row has, and leaves out those that are empty', async () => {
    const { zoom, env } = await startEmptyAccount();
    const input = file('name,type,search_by_domain,search_by_account\nA,shared,TRUE,no\nB,,,\n');
    expect(await command(['apply', input], { env })).toMatchObject({ code: 0 });
    const [a, b] = [...zoom.groups()].sort((x, y) => x.name.localeCompare(y.name));
    expect(a).toMatchObject({ name: 'A', type: 'shared', search_by_domain: true, search_by_account: false });
    expect(b).toMatchObject({ name: 'B', type: 'normal' });
  });
});

describe('a file with problems', () => {
  test('is refused: nothing is sent, and each problem has its file, line, column, rule and value', async () => {
    const { zoom, env } = await startEmptyAccount();
    const done = await command(['apply', PROBLEMS], { env });
    expect(done.code).toBe(2);
    expect(zoom.requests()).toEqual([]);
    const lines = done.stderr.split('\n').filter((line) => line.startsWith(PROBLEMS));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line.slice(PROBLEMS.length)).toMatch(/^:\d+:\d+ [a-z-]+ .+ \(.*\)$/);
  });

  test('--skip-invalid sends the valid rows, and ends with 1', async () => {
    const { zoom, env } = await startEmptyAccount();
    const cwd = folder();
    const input = file('name,type\nGood,\nBad,purple\n');
    const done = await command(['apply', input, '--skip-invalid', '--out', 'r'], { cwd, env });
    expect(done.code).toBe(1);
    expect(zoom.created().map(({ name }) => name)).toEqual(['Good']);
    expect(results(join(cwd, 'r')).map((row) => row.zoom__status)).toEqual(['created', 'invalid']);
    expect(readFileSync(join(cwd, 'r', 'failed.csv'), 'utf8')).toBe('name,type\nBad,purple\n');
  });

  test('leaves no run folder behind', async () => {
    const cwd = folder();
    await command(['apply', PROBLEMS, '--simulate'], { cwd });
    expect(existsSync(join(cwd, 'runs'))).toBe(false);
  });
});

describe('standard input', () => {
  const FILES = ['failed.csv', 'journal.ndjson', 'report.html', 'results.csv', 'summary.json'];

  test('is applied like a file, and the run folder has its five files', async () => {
    const { zoom, env } = await startEmptyAccount();
    const cwd = folder();
    const done = await command(['apply', '-', '--out', 'r'], { cwd, env, stdin: 'name\nA\nB\n' });
    expect(done.code).toBe(0);
    expect(zoom.created().length).toBe(2);
    expect(readdirSync(join(cwd, 'r')).sort()).toEqual(FILES);
  });

  test.each([
    ['has problems', 'name,type\n,x\n', ['--simulate']],
    ['finds no credentials', 'name\nA\n', []],
  ])('that %s leaves the folder of --out unchanged', async (_, stdin, more) => {
    const cwd = folder();
    mkdirSync(join(cwd, 'mine', 'docs'), { recursive: true });
    writeFileSync(join(cwd, 'mine', 'docs', 'letter'), 'Dear');
    for (const out of ['mine', '.', 'new']) {
      const done = await command(['apply', '-', ...more, '--out', out], { cwd, stdin });
      expect(done.code, done.stderr).toBe(2);
    }
    expect(readFileSync(join(cwd, 'mine', 'docs', 'letter'), 'utf8')).toBe('Dear');
    expect(readdirSync(join(cwd, 'mine'))).toEqual(['docs']);
    expect(readdirSync(cwd)).toEqual(['mine']);
  });

  test('is taken from the journal on a resume', async () => {
    const { zoom, env } = await startEmptyAccount({ dailyLimit: 2 });
    const cwd = folder();
    const stdin = 'Group,name\nA,X\nB,Y\nC,Z\n';
    const map = ['--map', 'Group=name'];
    expect((await command(['apply', '-', '--out', 'r', ...map], { cwd, env, stdin })).code).toBe(4);
    await zoom.close();
    const port = Number(new URL(zoom.url).port);
    const later = await startEmptyAccount({ port, token: zoom.token, groups: zoom.groups() });
    const done = await command(['apply', '-', '--resume', 'r'], { cwd, env, stdin: '' });
    expect(done.code, done.stderr).toBe(0);
    expect(later.zoom.created().map(({ name }) => name)).toEqual(['C']);
  });
});

describe('the limit', () => {
  // Another program on the machine can delay a request; a wrong limiter fails every time.
  test('of 30 requests/s holds in every second of a run of 290 rows', {
    retry: 2,
    timeout: 60_000,
  }, async () => {
    const { zoom, env } = await startEmptyAccount({ accountPlan: 'pro', latencyMs: 20 });
    const cwd = folder();
    const done = await command(['apply', file(names(290)), '--json'], { cwd, env });
    expect(done.code).toBe(0);
    expect(zoom.created().length).toBe(290);
    expect(JSON.parse(done.stdout).requests.rate_limited).toBeLessThanOrEqual(2);
    expect(zoom.peakPerSecond('light')).toBeLessThanOrEqual(30);
  });

  test('10,000 rows of which 9,950 exist take 50 creates', async () => {
    const there = Array.from({ length: 9_950 }, (_, i) => ({ id: `g${i + 1}`, name: `Group ${i + 1}` }));
    const { zoom, env } = await startEmptyAccount({ groups: there, limiter: 'none' });
    const done = await command(['apply', file(names(10_000)), '--json', '--account-plan', 'business'], {
      env,
    });
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout).counts).toMatchObject({ created: 50, 'already-provisioned': 9_950 });
    expect(new Set(zoom.created().map(({ name }) => name)).size).toBe(50);
  }, 60_000);
});

test('runs of one file that begin in the same second get a folder each', async () => {
  const cwd = folder();
  const input = file('name\nA\n');
  const all = await Promise.all(
    [1, 2, 3].map(() => command(['apply', input, '--simulate', '--json'], { cwd })),
  );
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
  const folders = all.map(({ stdout }) => JSON.parse(stdout).folder);
  expect(new Set(folders).size).toBe(3);
  for (const name of folders) expect(name).toMatch(/^runs\/groups-\d{8}T\d{6}Z(-\d)?$/);
});
