/** Look before, undo after: plan, drift, update, export, rollback, on both APIs, through the built command. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import { command, file, folder, journal, results, summary, type Transcript } from '../support/command.js';
import { startTestSimulator } from '../support/simulator.js';

type Stand = {
  readonly zoom: Simulator;
  readonly cwd: string;
  readonly run: (...args: readonly string[]) => Promise<Transcript>;
  /** Requests that changed something, since the last call. */
  readonly writes: () => number;
};

async function stand(options: SimulatorOptions = {}): Promise<Stand> {
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
  test('says of each row what apply would do, sums it up, and writes nothing', async () => {
    const { run, writes } = await stand({ groups: THERE });
    const done = await run('plan', file(CSV));
    expect(done.code).toBe(0);
    expect(done.stdout).toContain('2 to create, 1 differ, 1 identical, 1 duplicate, 0 problems');
    expect(done.stdout).toContain('type normal → restricted; search_by_domain true → false');
    expect(done.stdout).toMatch(/2 creates at 80\/s: under a second/);
    expect(writes()).toBe(0);
  });

  test('is kept to the letter by apply, with --update too', async () => {
    for (const more of [[], ['--update']]) {
      const { run, cwd, writes } = await stand({ groups: THERE });
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

  test('as apply --dry-run needs a file, and goes on with no run', async () => {
    const { run } = await stand({ groups: THERE });
    for (const args of [[], ['--resume', 'r']]) {
      const refused = await run('apply', '--dry-run', ...args);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(/needs a file|--dry-run tells what a new run would do/);
    }
  });

  test('with --detailed-exitcode: 0 nothing to do, 2 something, 1 an error; apply --dry-run is the same', async () => {
    const { run } = await stand({ groups: THERE });
    const there = file('name,type\nSame,shared\n');
    expect((await run('plan', there, '--detailed-exitcode')).code).toBe(0);
    expect((await run('plan', file(CSV), '--detailed-exitcode')).code).toBe(2);
    expect((await run('apply', file(CSV), '--dry-run', '--detailed-exitcode')).code).toBe(2);
    expect((await run('plan', file('name,type\nX,purple\n'), '--detailed-exitcode')).code).toBe(1);
    expect((await run('plan', 'nowhere.csv', '--detailed-exitcode')).code).toBe(1);
    // What is typed wrong must not read as work to be done.
    for (const wrong of [['--rate', 'x'], ['--nope'], ['--api', 'zz']]) {
      expect((await run('plan', there, '--detailed-exitcode', ...wrong)).code).toBe(1);
    }
    expect((await run('plan', '--detailed-exitcode')).code).toBe(1);
    const applied = await run('apply', there, '--detailed-exitcode');
    expect(applied.code).toBe(2);
    expect(applied.stderr).toContain('--dry-run');
  });

  test('prints problems as validate does, a line each on stderr, also where the log is JSON', async () => {
    const { run } = await stand({ groups: THERE });
    const input = file('name,type\nX,purple\nNew 1,\n,shared\n');
    const lines = (await run('validate', input, '-q')).stdout;
    expect(lines.split('\n').length).toBe(3);
    for (const more of [[], ['--json'], ['-q'], ['--log-format', 'json']]) {
      expect((await run('plan', input, ...more)).stderr).toBe(lines);
    }
  });

  test('with -q says nothing where there is nothing to do, and its sum where there is something', async () => {
    const { run } = await stand({ groups: THERE });
    const there = await run('plan', file('name,type\nSame,shared\n'), '-q');
    expect(there).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect((await run('plan', file(CSV), '-q')).stdout).toContain('2 to create');
  });

  test('without the read scope says so, and what to add', async () => {
    const { run } = await stand({ faults: ['no-list'] });
    const done = await run('plan', file(CSV));
    expect(done.code).toBe(3);
    expect(done.stderr).toContain('imgroup:read:admin');
  });
});

describe('--update', () => {
  test('brings what differs to what the row says, keeps the old values, and has nothing to do a second time', async () => {
    const { run, cwd, zoom, writes } = await stand({ groups: THERE });
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
    const attempt = journal(join(cwd, 'r')).find(({ e, op }) => e === 'attempt' && op === 'update');
    expect(attempt).toMatchObject({ groupId: 'other', before: { type: 'normal', searchByDomain: true } });
    writes();
    expect((await run('apply', input, '--update')).code).toBe(0);
    expect(writes()).toBe(0);
  });

  test('a lost answer to an update is no harm: it is sent again', async () => {
    const { run, zoom } = await stand({ groups: THERE, faults: ['500:0.6'], seed: 5 });
    const done = await run('apply', file('name,type\nOther,restricted\n'), '--update');
    expect(done.code).toBe(0);
    expect(zoom.groups().find(({ id }) => id === 'other')).toMatchObject({ type: 'restricted' });
  });
});

describe.each(['im', 'contacts'])('export (%s)', (api) => {
  test('is found identical to the last row by apply', async () => {
    const { run, cwd, writes, zoom } = await stand({ groups: THERE });
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
  test('asks, and without a terminal or --yes does nothing', async () => {
    const { run, writes } = await stand();
    await run('apply', file('name\nA\nB\n'), '--out', 'r');
    writes();
    const done = await run('rollback', 'r');
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('--yes');
    expect(done.stdout).toMatch(/delete\s+A/);
    expect(writes()).toBe(0);
  });

  test('deletes what this run made and nobody uses, and says why it leaves the rest', async () => {
    const { run, cwd, zoom } = await stand({ groups: THERE });
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
    expect(done.stdout).toMatch(/^deleted {3}Gone {2}\(it was gone already\)$/m);
    expect(done.stdout).toMatch(/^kept {6}Joined {2}\(it has 1 member\)$/m);
    const told = new Map(
      results(join(cwd, 'back')).map((row) => [row.name, `${row.zoom__status}: ${row.zoom__detail}`]),
    );
    expect(told.get('A')).toBe('deleted: ');
    expect(told.get('Gone')).toBe('deleted: it was gone already');
    expect(told.get('Joined')).toMatch(/^kept: .*1 members?/);
    expect(told.get('Retyped')).toMatch(/^kept: .*type shared → restricted|^kept: .*restricted/);
    expect(told.get('Renamed')).toMatch(/^kept: .*Renamed since/);
    expect(told.has('First') || told.has('Same')).toBe(false);
    expect(new Set(zoom.groups().map(({ name }) => name))).toEqual(
      new Set(['Same', 'Other', '=Odd, "name"', 'First', 'Joined', 'Retyped', 'Renamed since']),
    );
  });

  test('--include-updates puts back what the run changed', async () => {
    const { run, zoom } = await stand({ groups: THERE });
    await run('apply', file('name,type\nOther,restricted\n'), '--update', '--out', 'r');
    expect((await run('rollback', 'r', '--yes', '--include-updates')).code).toBe(0);
    expect(zoom.groups().find(({ id }) => id === 'other')).toMatchObject({
      type: 'normal',
      search_by_domain: true,
    });
  });

  test('a group whose create was recovered is the run’s own, one that was there never', async () => {
    const { run, zoom, cwd } = await stand({ groups: THERE, faults: ['reset-after:0.5'], seed: 2 });
    const names = Array.from({ length: 12 }, (_, i) => `G${i}`);
    await run('apply', file(`name\nSame\n${names.join('\n')}\n`), '--out', 'r');
    expect(results(join(cwd, 'r')).some((row) => row.zoom__detail === 'recovered')).toBe(true);
    // Its own answers get lost too.
    expect((await run('rollback', 'r', '--yes')).code).toBe(0);
    expect(zoom.groups().map(({ name }) => name)).toEqual(THERE.map(({ name }) => name));
  });
});

describe('--api contacts', () => {
  test('takes the same CSV over: privacy, description, all pages of the listing, and back again', async () => {
    const many = Array.from({ length: 120 }, (_, i) => ({ id: `c${i}`, name: `There ${i}` }));
    const { run, cwd, zoom, writes } = await stand({ groups: many });
    const input = file(
      'name,type,search_by_domain,description\nThere 119,normal,yes,\nFresh,restricted,yes,For us\n',
    );
    const planned = await run('plan', input, '--api', 'contacts');
    expect(planned.stdout).toContain('1 to create, 0 differ, 1 identical, 0 problems');
    expect(planned.stderr).toContain('search_by_domain');
    const done = await run('apply', input, '--api', 'contacts', '--out', 'r');
    expect(done.code).toBe(0);
    expect(done.stderr.match(/search_by_domain/g)).toHaveLength(1);
    expect(zoom.groups().find(({ name }) => name === 'Fresh')).toMatchObject({
      type: 'restricted',
      description: 'For us',
    });
    expect(summary(join(cwd, 'r'))).toMatchObject({
      target: { api: 'contacts', rate_per_second: 40 },
      requests: { lists: 3 },
    });
    writes();
    expect((await run('apply', input, '--api', 'contacts')).code).toBe(0);
    expect(writes()).toBe(0);
    expect((await run('rollback', 'r', '--yes')).code).toBe(0);
    expect(zoom.groups().length).toBe(120);
  });

  test('without a listing it stops and says why: names may repeat there', async () => {
    for (const [faults, more] of [
      [['no-list'], []],
      [[], ['--no-listing']],
    ] as const) {
      const { run, writes } = await stand({ faults });
      const done = await run('apply', file('name\nA\n'), '--api', 'contacts', ...more);
      expect(done.code).toBe(3);
      expect(done.stdout + done.stderr).toMatch(/listing/);
      expect(writes()).toBe(0);
    }
  });

  test('is the way over from an account without the IM-group calls', async () => {
    const { run, zoom } = await stand({ faults: ['gone'] });
    const input = file('name\nA\n');
    const gone = await run('apply', input, '--skip-invalid');
    expect(gone.code).toBe(3);
    expect(gone.stdout).toContain(
      `zoom-im-groups apply ${input} --api contacts --skip-invalid --account-plan business\n`,
    );
    expect(gone.stdout).not.toContain('--resume');
    expect((await run('apply', input, '--api', 'contacts')).code).toBe(0);
    expect(zoom.created().map(({ name }) => name)).toEqual(['A']);
  });

  test('makes no name twice where answers get lost', async () => {
    const { run, zoom } = await stand({ faults: ['reset-after:0.3', '500:0.2'], seed: 9 });
    const input = file(`name\n${Array.from({ length: 40 }, (_, i) => `G${i}`).join('\n')}\n`);
    await run('apply', input, '--api', 'contacts', '--out', 'r');
    const made = zoom.created().map(({ name }) => name);
    expect(new Set(made).size).toBe(made.length);
  });
});

test('names that the directory has twice are told', async () => {
  const { run, cwd } = await stand({ groups: [...THERE, { id: 'same2', name: 'Same', type: 'shared' }] });
  const input = join(cwd, 'in.csv');
  writeFileSync(input, 'name\nSame\n');
  await run('apply', input, '--out', 'r');
  expect(results(join(cwd, 'r'))[0]?.zoom__detail).toMatch(/more than once/);
});
