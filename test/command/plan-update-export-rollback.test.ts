/** What a user may rely on of plan, --update, export and rollback, on both APIs, through the built command. */
// @module-tag slow
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import { command, file, folder, journal, results, summary, type Transcript } from '../support/command.js';
import { startTestSimulator } from '../support/simulator.js';

type TestAccount = {
  readonly zoom: Simulator;
  readonly cwd: string;
  readonly run: (...args: readonly string[]) => Promise<Transcript>;
  /** Requests that changed something, since the last call. */
  readonly writes: () => number;
};

async function startAccount(options: SimulatorOptions = {}): Promise<TestAccount> {
  const { zoom } = await startTestSimulator({ groups: [], accountPlan: 'business', ...options });
  const cwd = folder();
  const env = {
    ZOOM_BASE_URL: zoom.baseUrl,
    ZOOM_ACCESS_TOKEN: zoom.token,
    ZOOM_IM_GROUPS_ACCOUNT_PLAN: 'business',
  };
  let seen = 0;
  return {
    zoom,
    cwd,
    run: (...args) => command(args, { cwd, env }),
    writes: () => {
      const fresh = zoom.requests().slice(seen);
      seen = zoom.requests().length;
      return fresh.filter(({ method }) => method !== 'GET').length;
    },
  };
}

const THERE = [
  { id: 'same', name: 'Same', type: 'shared', search_by_domain: true },
  { id: 'other', name: 'Other', type: 'normal', search_by_domain: true },
  { id: '-odd', name: '=Odd, "name"', type: 'restricted' },
] as const;
const CSV =
  'name,type,search_by_domain\nNew 1,,\nNew 2,shared,yes\nSame,shared,\nOther,restricted,no\nNew 2,shared,yes\n';

describe('plan', () => {
  test('shows what apply would do with each row, in sum and how long it takes, and writes nothing', async () => {
    const { run, writes, zoom } = await startAccount({ groups: THERE });
    const done = await run('plan', file(CSV));
    expect(done.code).toBe(0);
    expect(done.stdout).toContain('2 to create, 1 differs, 1 identical, 1 duplicate (shown with --all)');
    expect(done.stdout).toMatch(
      /^≠ differs {4}Other {2}\(type normal → restricted; search_by_domain true → false\)/m,
    );
    expect(done.stdout).toContain('2 requests (light) at 80 requests/s: 1 s');
    expect(done.stdout).toMatch(/^Checksum: [0-9a-f]{64} /m);
    expect(done.stderr).toContain(`IM groups of ${new URL(zoom.baseUrl).host}`);
    expect(writes()).toBe(0);
  });

  test('leaves identical rows out unless --all is given', async () => {
    const { run } = await startAccount({ groups: THERE });
    const input = file(CSV);
    expect((await run('plan', input)).stdout).not.toMatch(/^= identical/m);
    expect((await run('plan', input, '--all')).stdout).toMatch(/^= identical {2}Same {2}\[line 4\]$/m);
    const { rows } = JSON.parse((await run('plan', input, '--json')).stdout);
    expect(rows).toContainEqual({ line: 4, name: 'Same', action: 'identical', detail: '' });
  });

  test('shows exactly what apply does, with --update too', async () => {
    for (const more of [[], ['--update']]) {
      const { run, cwd, writes } = await startAccount({ groups: THERE });
      const input = file(CSV);
      const planned = JSON.parse((await run('plan', input, '--json', ...more)).stdout);
      expect(writes()).toBe(0);
      expect((await run('apply', input, '--out', 'r', ...more)).code).toBe(0);
      const { counts } = summary(join(cwd, 'r'));
      expect(counts).toMatchObject({
        created: planned.counts.create,
        updated: planned.counts.update,
        'already-provisioned': planned.counts.identical + planned.counts.differs,
        duplicate: planned.counts.duplicate,
      });
      expect(writes()).toBe(planned.counts.create + planned.counts.update);
    }
  });

  test('apply --dry-run needs a file, and resumes no run', async () => {
    const { run } = await startAccount({ groups: THERE });
    for (const args of [[], ['--resume', 'r']]) {
      const refused = await run('apply', '--dry-run', ...args);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(/needs a file|a dry run cannot resume a run/);
    }
  });

  test('with --detailed-exitcode: 0 nothing to do, 2 something, 1 an error; apply --dry-run is the same', async () => {
    const { run } = await startAccount({ groups: THERE });
    const there = file('name,type\nSame,shared\n');
    expect((await run('plan', there, '--detailed-exitcode')).code).toBe(0);
    expect((await run('plan', file(CSV), '--detailed-exitcode')).code).toBe(2);
    expect((await run('apply', file(CSV), '--dry-run', '--detailed-exitcode')).code).toBe(2);
    expect((await run('plan', file('name,type\nX,purple\n'), '--detailed-exitcode')).code).toBe(1);
    expect((await run('plan', 'nowhere.csv', '--detailed-exitcode')).code).toBe(1);
    // A wrong option must not look like something to do.
    for (const wrong of [['--rate', 'x'], ['--nope'], ['--api', 'zz']]) {
      expect((await run('plan', there, '--detailed-exitcode', ...wrong)).code).toBe(1);
    }
    expect((await run('plan', '--detailed-exitcode')).code).toBe(1);
    const applied = await run('apply', there, '--detailed-exitcode');
    expect(applied.code).toBe(2);
    expect(applied.stderr).toContain('--dry-run');
  });

  test('of a file with problems exits 2, and prints them on stderr as validate does, also with a JSON log', async () => {
    const { run } = await startAccount({ groups: THERE });
    const input = file('name,type\nX,purple\nNew 1,\n,shared\n');
    const lines = (await run('validate', input, '-q')).stdout;
    expect(lines.split('\n').length).toBe(3);
    for (const more of [[], ['--json'], ['-q'], ['--log-format', 'json']]) {
      const refused = await run('plan', input, ...more);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain(lines);
      expect(refused.stderr).toContain('2 problems in 3 rows: nothing was sent.');
    }
  });

  test('of a file with problems shows the valid rows with --skip-invalid', async () => {
    const { run } = await startAccount({ groups: THERE });
    const done = await run('plan', file('name,type\nX,purple\nNew 1,\n'), '--skip-invalid');
    expect(done.code).toBe(0);
    expect(done.stdout).toContain('1 to create, 1 invalid');
  });

  test('with -q prints nothing if there is nothing to do, and only the sum otherwise', async () => {
    const { run } = await startAccount({ groups: THERE });
    const there = await run('plan', file('name,type\nSame,shared\n'), '-q');
    expect(there).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect((await run('plan', file(CSV), '-q')).stdout).toContain('2 to create');
  });

  test('without the scope to list groups exits 3, and names the scope to add', async () => {
    const { run } = await startAccount({ faults: ['no-list'] });
    const done = await run('plan', file(CSV));
    expect(done.code).toBe(3);
    // For plan, one scope is enough; apply needs one of each list.
    expect(done.stderr).toContain(
      'it lacks: imgroup:read:admin or contact_group:read:list_groups:admin. Then run the same command again.',
    );
  });
});

describe('--update', () => {
  test('changes what differs, keeps the old values in the journal, and has nothing to do the second time', async () => {
    const { run, cwd, zoom, writes } = await startAccount({ groups: THERE });
    const input = file(CSV);
    expect((await run('apply', input, '--update', '--out', 'r')).code).toBe(0);
    expect(zoom.groups().find(({ id }) => id === 'other')).toMatchObject({
      type: 'restricted',
      search_by_domain: false,
    });
    expect(results(join(cwd, 'r')).map((row) => row.zoom__status)).toEqual([
      'created',
      'created',
      'already-provisioned',
      'updated',
      'duplicate',
    ]);
    const attempt = journal(join(cwd, 'r')).find(
      (event) => event.type === 'attempt' && event.operation === 'update',
    );
    expect(attempt).toMatchObject({
      note: { groupId: 'other', before: { type: 'normal', searchByDomain: true } },
    });
    writes();
    expect((await run('apply', input, '--update')).code).toBe(0);
    expect(writes()).toBe(0);
  });

  test('sends an update again if its answer was lost', async () => {
    const { run, zoom } = await startAccount({ groups: THERE, faults: ['500:0.6'], seed: 5 });
    const done = await run('apply', file('name,type\nOther,restricted\n'), '--update');
    expect(done.code).toBe(0);
    expect(zoom.groups().find(({ id }) => id === 'other')).toMatchObject({ type: 'restricted' });
  });
});

describe.each(['im', 'contacts'])('export (%s)', (api) => {
  test('writes a CSV of which apply finds every row identical', async () => {
    const { run, cwd, writes, zoom } = await startAccount({ groups: THERE });
    const done = await run('export', '--api', api, '--out', 'all.csv');
    expect(done.code).toBe(0);
    expect(done.stderr).toContain('formula');
    expect(readFileSync(join(cwd, 'all.csv'), 'utf8')).toContain('"=Odd, ""name"""');
    expect((await run('apply', 'all.csv', '--api', api, '--out', 'r')).code).toBe(0);
    expect(results(join(cwd, 'r')).map((row) => row.zoom__detail)).toEqual(
      zoom.groups().map(() => 'identical'),
    );
    expect(writes()).toBe(0);
    expect((await run('export', '--api', api)).stdout).toBe(readFileSync(join(cwd, 'all.csv'), 'utf8'));
  });
});

describe('rollback', () => {
  test('asks; without a terminal and without --yes it does nothing and exits 2', async () => {
    const { run, writes } = await startAccount();
    await run('apply', file('name\nA\nB\n'), '--out', 'r');
    writes();
    const done = await run('rollback', 'r');
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('--yes');
    expect(done.stdout).toMatch(/delete\s+A/);
    expect(writes()).toBe(0);
  });

  test('deletes the empty, unchanged groups that the run created, and gives the reason for each that it keeps', async () => {
    const { run, cwd, zoom } = await startAccount({ groups: THERE });
    await run('apply', file('name,type\nFirst,\n'), '--out', 'first');
    await run(
      'apply',
      file('name,type\nFirst,\nA,\nJoined,\nRenamed,\nRetyped,shared\nGone,\nSame,shared\n'),
      '--out',
      'r',
    );
    const id = (name: string): string => zoom.groups().find((group) => group.name === name)?.id ?? '';
    const ask = (method: string, path: string, body: object): Promise<Response> =>
      fetch(`${zoom.baseUrl}/im/groups/${path}`, {
        method,
        headers: { authorization: `Bearer ${zoom.token}`, 'content-type': 'application/json' },
        ...(method === 'DELETE' ? {} : { body: JSON.stringify(body) }),
      });
    await ask('POST', `${id('Joined')}/members`, { members: [{ id: zoom.users[0]?.id }] });
    await ask('PATCH', id('Retyped'), { type: 'restricted' });
    await ask('DELETE', id('Gone'), {});
    await ask('PATCH', id('Renamed'), { name: 'Renamed since' });
    const done = await run('rollback', 'r', '--yes', '--out', 'back');
    expect(done.code).toBe(1);
    expect(done.stdout).toMatch(
      /^delete {4}Gone {2}\(not in the list of groups; it is looked up by its id\)$/m,
    );
    expect(done.stdout).toMatch(/^keep {6}Joined {2}\(it has 1 member\)$/m);
    const details = new Map(
      results(join(cwd, 'back')).map((row) => [row.name, `${row.zoom__status}: ${row.zoom__detail}`]),
    );
    expect(details.get('A')).toBe('deleted: ');
    expect(details.get('Gone')).toBe('deleted: already gone');
    expect(details.get('Joined')).toMatch(/^kept: .*1 members?/);
    expect(details.get('Retyped')).toMatch(/^kept: .*type shared → restricted|^kept: .*restricted/);
    expect(details.get('Renamed')).toMatch(/^kept: .*Renamed since/);
    expect(details.has('First') || details.has('Same')).toBe(false);
    expect(new Set(zoom.groups().map(({ name }) => name))).toEqual(
      new Set(['Same', 'Other', '=Odd, "name"', 'First', 'Joined', 'Retyped', 'Renamed since']),
    );
  });

  test('--include-updates restores the old values of updated groups', async () => {
    const { run, zoom } = await startAccount({ groups: THERE });
    await run('apply', file('name,type\nOther,restricted\n'), '--update', '--out', 'r');
    expect((await run('rollback', 'r', '--yes', '--include-updates')).code).toBe(0);
    expect(zoom.groups().find(({ id }) => id === 'other')).toMatchObject({
      type: 'normal',
      search_by_domain: true,
    });
  });

  test('deletes groups whose create was recovered, and never one that existed before', async () => {
    const { run, zoom, cwd } = await startAccount({ groups: THERE, faults: ['reset-after:0.5'], seed: 2 });
    const names = Array.from({ length: 12 }, (_, i) => `G${i}`);
    await run('apply', file(`name\nSame\n${names.join('\n')}\n`), '--out', 'r');
    expect(results(join(cwd, 'r')).some((row) => row.zoom__detail === 'recovered')).toBe(true);
    // The answers of the rollback get lost too.
    expect((await run('rollback', 'r', '--yes')).code).toBe(0);
    expect(zoom.groups().map(({ name }) => name)).toEqual(THERE.map(({ name }) => name));
  });
});

describe('--api contacts', () => {
  test('applies the same CSV to contact groups: type, description, all pages of the listing, and rollback', async () => {
    const many = Array.from({ length: 120 }, (_, i) => ({ id: `c${i}`, name: `There ${i}` }));
    const { run, cwd, zoom, writes } = await startAccount({ groups: many });
    const input = file(
      'name,type,search_by_domain,description\nThere 119,normal,yes,\nFresh,restricted,yes,For us\n',
    );
    const planned = await run('plan', input, '--api', 'contacts');
    expect(planned.stdout).toContain('1 to create, 1 identical');
    expect(planned.stderr).toContain('contact groups have no search_by_domain');
    const done = await run('apply', input, '--api', 'contacts', '--out', 'r');
    expect(done.code).toBe(0);
    expect(done.stderr.match(/have no search_by_domain/g)).toHaveLength(1);
    expect(zoom.groups().find(({ name }) => name === 'Fresh')).toMatchObject({
      type: 'restricted',
      description: 'For us',
    });
    expect(summary(join(cwd, 'r'))).toMatchObject({
      target: { api: 'contacts', rate_per_second: 40 },
      // Three pages before the create, and three after it, since another program may use the same name.
      requests: { lists: 6 },
    });
    writes();
    expect((await run('apply', input, '--api', 'contacts')).code).toBe(0);
    expect(writes()).toBe(0);
    expect((await run('rollback', 'r', '--yes')).code).toBe(0);
    expect(zoom.groups().length).toBe(120);
  });

  test('stops with 3 if they cannot be listed, since names may repeat', async () => {
    for (const [faults, more] of [
      [['no-list'], []],
      [[], ['--no-listing']],
    ] as const) {
      const { run, writes } = await startAccount({ faults });
      const done = await run('apply', file('name\nA\n'), '--api', 'contacts', ...more);
      expect(done.code).toBe(3);
      expect(done.stdout.replace(/\s+/g, ' ')).toMatch(/contact groups may share a name/);
      expect(writes()).toBe(0);
    }
  });

  test('is the next command printed on an account that has lost the IM groups API', async () => {
    const { run, zoom } = await startAccount({ faults: ['gone'] });
    const input = file('name\nA\n');
    const gone = await run('apply', input, '--skip-invalid');
    expect(gone.code).toBe(3);
    expect(gone.stdout).toContain(
      `zoom-im-groups apply ${input} --api contacts --skip-invalid --account-plan business\n`,
    );
    expect(gone.stdout).not.toContain('--resume');
    expect(gone.stdout).toContain('To start again, run:');
    expect((await run('apply', input, '--api', 'contacts')).code).toBe(0);
    expect(zoom.created().map(({ name }) => name)).toEqual(['A']);
  });

  test('creates no name twice if answers get lost', async () => {
    const { run, zoom } = await startAccount({ faults: ['reset-after:0.3', '500:0.2'], seed: 9 });
    const input = file(`name\n${Array.from({ length: 40 }, (_, i) => `G${i}`).join('\n')}\n`);
    await run('apply', input, '--api', 'contacts', '--out', 'r');
    const made = zoom.created().map(({ name }) => name);
    expect(new Set(made).size).toBe(made.length);
  });
});

test('a name that Zoom has twice is reported', async () => {
  const { run, cwd } = await startAccount({
    groups: [...THERE, { id: 'same2', name: 'Same', type: 'shared' }],
  });
  const input = join(cwd, 'in.csv');
  writeFileSync(input, 'name\nSame\n');
  await run('apply', input, '--out', 'r');
  expect(results(join(cwd, 'r'))[0]?.zoom__detail).toMatch(/2 groups of this name/);
});
