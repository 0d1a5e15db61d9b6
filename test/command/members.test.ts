/** What a user may rely on of `members`, through the built command and real sockets. */
// @module-tag slow
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import { command, file, folder, results, summary, type Transcript } from '../support/command.js';
import { startTestSimulator } from '../support/simulator.js';

type Account = {
  readonly zoom: Simulator;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: (...args: readonly string[]) => Promise<Transcript>;
};

const GROUPS = [
  { id: 'g-sales', name: 'Sales', members: ['user1', 'user2'] },
  { id: 'g-support', name: 'Support', members: ['user3'] },
  { id: 'g-empty', name: 'Empty', members: [] },
];

/** Ten active users, one inactive, one pending; groups name their members by the part before the @. */
async function startAccount(options: SimulatorOptions = {}): Promise<Account> {
  const users = [
    ...Array.from({ length: 10 }, (_, i) => ({
      id: `user${i + 1}`,
      email: `user${i + 1}@example.com`,
      status: 'active' as const,
    })),
    { id: 'gone', email: 'gone@example.com', status: 'inactive' as const },
    { email: 'pending@example.com', status: 'pending' as const },
  ];
  const { zoom, env } = await startTestSimulator({
    accountPlan: 'business',
    users,
    groups: GROUPS,
    ...options,
  } as SimulatorOptions);
  const cwd = folder();
  const all = { ...env, ZOOM_IM_GROUPS_ACCOUNT_PLAN: 'business' };
  return { zoom, cwd, env: all, run: (...args) => command(args, { cwd, env: all }) };
}

function membersOf(zoom: Simulator, group: string): readonly string[] {
  return [...(zoom.groups().find(({ name }) => name === group)?.members ?? [])].sort();
}

const APIS = ['im', 'contacts'] as const;

describe.each(APIS)('members --api %s', (api) => {
  test('adds who is missing, leaves who is there, and shows each with its evidence', async () => {
    const { zoom, cwd, run } = await startAccount();
    const csv = file(
      'group,email\nSales,USER2@example.com\nSales,user4@example.com\nEmpty,user5@example.com\n',
    );
    const done = await run('members', csv, '--api', api, '--out', 'r');
    expect(done).toMatchObject({ code: 0 });
    expect(results(join(cwd, 'r')).map((row) => [row.zoom__status, row.zoom__user_id])).toEqual([
      ['already-member', 'user2'],
      ['added', 'user4'],
      ['added', 'user5'],
    ]);
    expect(membersOf(zoom, 'Sales')).toEqual(['user1', 'user2', 'user4']);
    expect(membersOf(zoom, 'Empty')).toEqual(['user5']);
    const again = await run('members', csv, '--api', api, '--out', 'again');
    expect(again.code).toBe(0);
    expect(zoom.memberChanges().length).toBe(2);
  });

  test('--remove removes the people named; who is no member is not-member', async () => {
    const { zoom, cwd, run } = await startAccount();
    const csv = file('group,email\nSales,user1@example.com\nSales,user9@example.com\n');
    const done = await run('members', csv, '--remove', '--api', api, '--out', 'r');
    expect(done).toMatchObject({ code: 0 });
    expect(results(join(cwd, 'r')).map((row) => row.zoom__status)).toEqual(['removed', 'not-member']);
    expect(membersOf(zoom, 'Sales')).toEqual(['user2']);
  });

  test('a group that does not exist fails its rows before anything is sent for them', async () => {
    const { zoom, cwd, run } = await startAccount();
    const csv = file('group,email\nNowhere,user1@example.com\n');
    const done = await run('members', csv, '--api', api, '--out', 'r');
    expect(done.code).toBe(1);
    expect(results(join(cwd, 'r'))[0]).toMatchObject({
      zoom__status: 'failed',
      zoom__detail: 'group not found',
    });
    expect(zoom.memberChanges()).toEqual([]);
    expect(readFileSync(join(cwd, 'r/failed.csv'), 'utf8')).toBe('group,email\nNowhere,user1@example.com\n');
  });

  test('--sync makes the members those of the file, removals listed after the file’s own rows', async () => {
    const { zoom, cwd, run } = await startAccount();
    const csv = file('group,email\nSales,user2@example.com\nSales,user3@example.com\n');
    const args = ['members', csv, '--sync', '--yes', '--max-removals', '50%', '--api', api, '--out', 'r'];
    expect(await run(...args)).toMatchObject({ code: 0 });
    const rows = results(join(cwd, 'r'));
    expect(rows.map((row) => [row.zoom__status, row.zoom__line, row.group, row.email])).toEqual([
      ['already-member', '2', 'Sales', 'user2@example.com'],
      ['added', '3', 'Sales', 'user3@example.com'],
      ['removed', '0', 'Sales', 'user1@example.com'],
    ]);
    expect(membersOf(zoom, 'Sales')).toEqual(['user2', 'user3']);
    expect(membersOf(zoom, 'Support')).toEqual(['user3']);
  });

  test('--sync without a terminal and without --yes sends nothing and exits with 2', async () => {
    const { zoom, run } = await startAccount();
    const csv = file('group,email\nSales,user2@example.com\n');
    const done = await run('members', csv, '--sync', '--max-removals', '50%', '--api', api);
    expect(done).toMatchObject({ code: 2 });
    expect(done.stderr).toContain('user1@example.com');
    expect(zoom.memberChanges()).toEqual([]);
  });

  test('--sync refuses more removals than --max-removals allows, by default 10%', async () => {
    const { zoom, run } = await startAccount();
    const csv = file('group,email\nSales,user2@example.com\n');
    const done = await run('members', csv, '--sync', '--yes', '--api', api);
    expect(done).toMatchObject({ code: 2 });
    expect(done.stderr).toContain('--max-removals');
    expect(zoom.memberChanges()).toEqual([]);
  });

  test('--dry-run shows per group what would change, sends no write, and its checksum can be done', async () => {
    const { zoom, run } = await startAccount();
    const csv = file('group,email\nSales,user4@example.com\nSales,user1@example.com\n');
    const plan = await run('members', csv, '--dry-run', '--api', api, '--json', '--detailed-exitcode');
    expect(plan.code).toBe(2);
    const json = JSON.parse(plan.stdout);
    expect(json.groups).toEqual([
      { group: 'Sales', add: ['user4@example.com'], remove: [], problems: [], unchanged: 1 },
    ]);
    expect(zoom.memberChanges()).toEqual([]);
    const other = await run('members', csv, '--api', api, '--checksum', '0'.repeat(64));
    expect(other.code).toBe(2);
    expect(zoom.memberChanges()).toEqual([]);
    expect(await run('members', csv, '--api', api, '--checksum', json.checksum)).toMatchObject({ code: 0 });
    expect(zoom.memberChanges().length).toBe(1);
  });

  test('--dry-run forecasts the time at the rate of --rate', async () => {
    const { run } = await startAccount();
    const csv = file('group,email\nSales,user4@example.com\n');
    const plan = await run('members', csv, '--dry-run', '--api', api, '--json', '--rate', '7');
    expect(JSON.parse(plan.stdout).forecast).toMatchObject([{ rate_per_second: 7 }]);
  });

  test('rollback removes only whom the run added', async () => {
    const { zoom, cwd, run } = await startAccount();
    const csv = file('group,email\nSales,user1@example.com\nSales,user4@example.com\n');
    expect(await run('members', csv, '--api', api, '--out', 'r')).toMatchObject({ code: 0 });
    const undone = await run('rollback', 'r', '--yes', '--out', 'undo');
    expect(undone).toMatchObject({ code: 0 });
    expect(results(join(cwd, 'undo')).map((row) => row.zoom__status)).toEqual(['removed']);
    expect(membersOf(zoom, 'Sales')).toEqual(['user1', 'user2']);
  });

  test('export --members writes what members finds complete', async () => {
    const { zoom, cwd, run } = await startAccount();
    expect(await run('export', '--members', '--api', api, '--out', 'all.csv')).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, 'all.csv'), 'utf8').split('\n').length).toBe(5);
    expect(await run('members', 'all.csv', '--api', api, '--out', 'r')).toMatchObject({ code: 0 });
    expect(summary(join(cwd, 'r')).counts).toMatchObject({ 'already-member': 3, added: 0, failed: 0 });
    expect(zoom.memberChanges()).toEqual([]);
  });

  test('--limit sends a few, and --resume the rest', async () => {
    const { zoom, cwd, run } = await startAccount();
    const lines = [4, 5, 6, 7].map((n) => `Sales,user${n}@example.com\n`).join('');
    const csv = file(`group,email\n${lines}`);
    const first = await run('members', csv, '--limit', '1', '--api', api, '--out', 'r');
    expect(first.code).toBe(4);
    expect(summary(join(cwd, 'r')).counts).toMatchObject({ added: 1, 'not-attempted': 3 });
    expect(await run('members', csv, '--resume', 'r')).toMatchObject({ code: 0 });
    expect(membersOf(zoom, 'Sales')).toEqual(['user1', 'user2', 'user4', 'user5', 'user6', 'user7']);
  });

  test('apply, members, then both rolled back leave the account as it was', async () => {
    const { zoom, run } = await startAccount();
    const before = JSON.stringify(zoom.groups());
    const groups = file('name\nNew A\nNew B\n');
    expect(await run('apply', groups, '--api', api, '--out', 'a')).toMatchObject({ code: 0 });
    const csv = file('group,email\nNew A,user1@example.com\nNew B,user2@example.com\n');
    expect(await run('members', csv, '--api', api, '--out', 'm')).toMatchObject({ code: 0 });
    const kept = await run('rollback', 'a', '--yes', '--out', 'too-early');
    expect(kept.code).toBe(1);
    expect(kept.stdout).toContain('it has 1 member');
    // Zoom keeps the last member of a contact group, so that only IM groups can be emptied again.
    const undone = await run('rollback', 'm', '--yes', '--out', 'undo-m');
    if (api === 'contacts') {
      expect(undone.code).toBe(1);
      return;
    }
    expect(undone).toMatchObject({ code: 0 });
    expect(await run('rollback', 'a', '--yes', '--out', 'undo-a')).toMatchObject({ code: 0 });
    expect(JSON.stringify(zoom.groups())).toBe(before);
  });
});

describe('who cannot be added', () => {
  test('is told apart on contact groups: unknown, pending', async () => {
    const { cwd, run } = await startAccount();
    const csv = file('group,email\nSales,nobody@example.org\nSales,pending@example.com\n');
    expect((await run('members', csv, '--api', 'contacts', '--out', 'r')).code).toBe(1);
    expect(results(join(cwd, 'r')).map((row) => row.zoom__detail)).toEqual([
      'no such user',
      'pending user: has not signed in yet',
    ]);
  });

  test('is failed on IM groups although Zoom answered 201', async () => {
    const { cwd, run } = await startAccount();
    // Another addition shows that the list of members is not merely late.
    const csv = file('group,email\nSales,nobody@example.org\nSales,user4@example.com\n');
    expect((await run('members', csv, '--out', 'r')).code).toBe(1);
    expect(results(join(cwd, 'r')).map((row) => [row.zoom__status, row.zoom__detail])).toEqual([
      ['failed', 'accepted by Zoom but not added'],
      ['added', ''],
    ]);
  }, 60_000);
});

describe('files as other systems export them', () => {
  test.each([
    ['Entra', 'entra.csv', ['--group', 'Sales', '--skip-invalid']],
    ['Okta', 'okta.csv', ['--group', 'Sales']],
    ['GAM', 'gam.csv', []],
    ['Zoom', 'zoom-users.csv', ['--split', ';']],
  ])('%s', async (_, name, more) => {
    const { run } = await startAccount();
    const text = readFileSync(new URL(`../fixtures/members/${name}`, import.meta.url), 'utf8');
    const done = await run('members', file(text), '--dry-run', '--json', ...more);
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(done.stdout).groups.length).toBeGreaterThan(0);
  });

  test('one groups.csv serves apply and members, by its members column', async () => {
    const { zoom, cwd, run } = await startAccount();
    writeFileSync(
      join(cwd, 'groups.csv'),
      'name,type,members\nSales,,user5@example.com; user6@example.com\nNew,,"user7@example.com,user8@example.com"\n',
    );
    expect(await run('apply', 'groups.csv')).toMatchObject({ code: 0 });
    expect(await run('members', 'groups.csv', '--out', 'm')).toMatchObject({ code: 0 });
    expect(results(join(cwd, 'm')).map((row) => row.zoom__line)).toEqual(['2', '2', '3', '3']);
    expect(membersOf(zoom, 'New')).toEqual(['user7', 'user8']);
  });

  test('a row with several entries stands in failed.csv once if one of them failed', async () => {
    const { cwd, run } = await startAccount();
    const csv = file('group,members\nSales,user4@example.com;nobody@example.org\n');
    expect((await run('members', csv, '--api', 'contacts', '--out', 'r')).code).toBe(1);
    expect(readFileSync(join(cwd, 'r/failed.csv'), 'utf8')).toBe(
      'group,members\nSales,user4@example.com;nobody@example.org\n',
    );
  });
});
