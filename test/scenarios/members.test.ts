/** Memberships in bulk: the rate, the batches, kills, and faults, through the built command and real sockets. */
// @module-tag slow
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import { createUsers } from '../../src/simulator/server.js';
import { command, folder, results, summary } from '../support/command.js';
import { startTestSimulator } from '../support/simulator.js';

const BUSINESS = { ZOOM_IM_GROUPS_ACCOUNT_PLAN: 'business' };

/** Users `user1@example.com` and on, and empty groups `Team 1` and on. */
async function startAccount(users: number, groups: number, options: SimulatorOptions = {}) {
  const { zoom, env } = await startTestSimulator({
    accountPlan: 'business',
    users,
    groups: Array.from({ length: groups }, (_, i) => ({
      id: `team-${i + 1}`,
      name: `Team ${i + 1}`,
      members: [],
    })),
    ...options,
  });
  return { zoom, env: { ...env, ...BUSINESS }, cwd: folder() };
}

/** Every user in so many groups, spread evenly. */
function createMemberships(users: number, groups: number, perGroup: number): string {
  const lines: string[] = [];
  for (let group = 1; group <= groups; group += 1) {
    for (let n = 0; n < perGroup; n += 1) {
      lines.push(`Team ${group},user${((group * 7 + n) % users) + 1}@example.com\n`);
    }
  }
  return `group,email\n${lines.join('')}`;
}

function countMembers(zoom: Simulator): number {
  return zoom.groups().reduce((sum, { members = [] }) => sum + members.length, 0);
}

/** Nobody was added twice to a group by two requests that both took effect. */
function countAdditions(zoom: Simulator): number {
  return zoom.memberChanges().reduce((sum, { added }) => sum + added.length, 0);
}

// Another program on the machine can delay a request; a wrong limiter fails every time.
describe('10,000 memberships in 200 groups', { retry: 2 }, () => {
  test('on IM groups: full batches of 10, at 90% of 60 requests/s or more, at most 0.5% of them refused', async () => {
    const { zoom, env, cwd } = await startAccount(500, 200, { latencyMs: 20 });
    writeFileSync(join(cwd, 'm.csv'), createMemberships(500, 200, 50));
    const done = await command(['members', 'm.csv', '--out', 'r', '-q'], { cwd, env });
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(countMembers(zoom)).toBe(10_000);
    expect(countAdditions(zoom)).toBe(10_000);
    expect(zoom.memberChanges().every(({ added }) => added.length === 10)).toBe(true);
    const medium = zoom.requests().filter(({ label }) => label === 'medium');
    const refused = medium.filter(({ status }) => status === 429).length;
    expect(refused / medium.length).toBeLessThanOrEqual(0.005);
    const first = medium[0]?.at ?? 0;
    const last = medium.at(-1)?.at ?? 0;
    const perSecond = (medium.length - refused - 1) / ((last - first) / 1_000);
    // Medium on Business and above: 60 requests/s (Zoom, Rate limits).
    expect(perSecond).toBeGreaterThanOrEqual(0.9 * 60);
  }, 90_000);

  test('on contact groups: batches of 50, within 40 heavy requests/s', async () => {
    const { zoom, env, cwd } = await startAccount(500, 200, { latencyMs: 20 });
    writeFileSync(join(cwd, 'm.csv'), createMemberships(500, 200, 50));
    const done = await command(['members', 'm.csv', '--api', 'contacts', '--out', 'r', '-q'], { cwd, env });
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(countMembers(zoom)).toBe(10_000);
    expect(zoom.memberChanges().every(({ added }) => added.length === 50)).toBe(true);
    expect(zoom.peakPerSecond('heavy')).toBeLessThanOrEqual(40);
  }, 90_000);
});

describe.each(['im', 'contacts'] as const)('killed at random and resumed (%s)', (api) => {
  test('every membership exists once, and every status is true', async () => {
    const { zoom, env, cwd } = await startAccount(60, 12, {
      latencyMs: 10,
      limiter: 'none',
      faults: ['reset-after:0.05', '500:0.05', 'reset-before:0.03'],
      seed: 11,
    });
    writeFileSync(join(cwd, 'm.csv'), createMemberships(60, 12, 30));
    let kills = 0;
    for (let life = 1; life <= 8; life += 1) {
      const place = existsSync(join(cwd, 'r/journal.ndjson')) ? '--resume' : '--out';
      const from = zoom.memberChanges().length;
      let timer: NodeJS.Timeout | undefined;
      const done = await command(['members', 'm.csv', '--api', api, place, 'r', '-q'], {
        cwd,
        env,
        onStart: (child) => {
          timer = setInterval(() => {
            if (zoom.memberChanges().length >= from + life) child.kill('SIGKILL');
          }, 1);
        },
      });
      clearInterval(timer);
      if (done.signal !== 'SIGKILL') break;
      kills += 1;
    }
    expect(kills).toBeGreaterThan(0);
    let last = await command(['members', 'm.csv', '--resume', 'r', '-q'], { cwd, env });
    for (let tries = 1; last.code !== 0 && tries < 5; tries += 1) {
      last = await command(['members', 'm.csv', '--resume', 'r', '-q'], { cwd, env });
    }
    expect(last, last.stderr).toMatchObject({ code: 0 });
    expect(countMembers(zoom)).toBe(360);
    expect(countAdditions(zoom)).toBe(360);
    const rows = results(join(cwd, 'r'));
    expect(rows.length).toBe(360);
    // The groups were empty: whoever is a member now was added by this run.
    expect(rows.filter((row) => row.zoom__status !== 'added')).toEqual([]);
  }, 120_000);
});

describe.concurrent('a fault', () => {
  const CSV = 'group,email\nTeam 1,user1@example.com\nTeam 1,user2@example.com\nTeam 2,user3@example.com\n';

  test.each([
    'im',
    'contacts',
  ] as const)('adds-nobody: a 201 that added nobody is failed (%s)', async (api) => {
    const { zoom, env, cwd } = await startAccount(5, 2, { faults: ['adds-nobody:1'] });
    writeFileSync(join(cwd, 'm.csv'), CSV);
    const done = await command(['members', 'm.csv', '--api', api, '--out', 'r', '-q'], { cwd, env });
    expect(done.code).toBe(1);
    expect(countMembers(zoom)).toBe(0);
    expect(new Set(results(join(cwd, 'r')).map((row) => row.zoom__detail))).toEqual(
      new Set(['accepted by Zoom but not added']),
    );
  }, 90_000);

  test('member-lag: members that are listed 4.5 s late are added, not failed', async () => {
    const { env, cwd } = await startAccount(5, 2, { faults: ['member-lag'] });
    writeFileSync(join(cwd, 'm.csv'), CSV);
    const done = await command(['members', 'm.csv', '--out', 'r', '-q'], { cwd, env });
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(summary(join(cwd, 'r')).counts.added).toBe(3);
  }, 90_000);

  test('no-users: without the scope to read users, contact groups stop with 3 and name the scope', async () => {
    const { zoom, env, cwd } = await startAccount(5, 2, { faults: ['no-users'] });
    writeFileSync(join(cwd, 'm.csv'), CSV);
    const done = await command(['members', 'm.csv', '--api', 'contacts', '--out', 'r'], { cwd, env });
    expect(done.code).toBe(3);
    expect(done.stderr + done.stdout).toContain('user:read:admin');
    expect(zoom.memberChanges()).toEqual([]);
  });

  test('IM groups need no scope to read users', async () => {
    const { env, cwd } = await startAccount(5, 2, { faults: ['no-users'] });
    writeFileSync(join(cwd, 'm.csv'), CSV);
    expect(await command(['members', 'm.csv', '--out', 'r', '-q'], { cwd, env })).toMatchObject({ code: 0 });
  });

  test.each([
    '500:0.3',
    '503:0.3',
    '429:0.3',
    'reset-after:0.3',
    'reset-before:0.3',
    'cut-off:0.3',
    'not-json:0.3',
    'token-expired',
    'gzip',
  ])('%s: nobody is reported as added who is not, or as failed who is', async (fault) => {
    const { zoom, env, cwd } = await startAccount(40, 4, { faults: [fault], seed: 5, limiter: 'none' });
    writeFileSync(join(cwd, 'm.csv'), createMemberships(40, 4, 25));
    const done = await command(['members', 'm.csv', '--out', 'r', '-q'], { cwd, env });
    expect([0, 1, 4], done.stderr).toContain(done.code);
    const present = new Set(
      zoom
        .groups()
        .flatMap(({ name, members = [] }) =>
          members.map((id) => `${name},${zoom.users.find((user) => user.id === id)?.email}`),
        ),
    );
    for (const { group, email, zoom__status: status } of results(join(cwd, 'r'))) {
      const isThere = present.has(`${group},${email}`);
      if (status === 'added') expect(isThere, `${group} ${email} ${status}`).toBe(true);
      if (status === 'failed') expect(isThere, `${group} ${email} ${status}`).toBe(false);
    }
    expect(countAdditions(zoom)).toBe(countMembers(zoom));
  }, 120_000);
});

test('simulated users have the addresses that these files name', () => {
  expect(createUsers(2).map(({ email }) => email)).toEqual(['user1@example.com', 'user2@example.com']);
});
