/** What a user may rely on when a plan is reviewed first: --limit, --checksum and renaming by previous_name. */
// @module-tag slow
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import { command, results, summary, type Transcript } from '../support/command.js';
import {
  expectEveryRowOnce,
  expectHonest,
  findNextCommand,
  inFolder,
  numbered,
  runInShell,
  startEmptyAccount,
  upTo,
} from '../support/interrupted-run.js';

type Setup = {
  readonly zoom: Simulator;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly input: string;
  readonly run: (...args: readonly string[]) => Promise<Transcript>;
  readonly writes: () => number;
};

async function setUp(text: string, options: SimulatorOptions = {}): Promise<Setup> {
  const { zoom, env } = await startEmptyAccount(options);
  const { cwd, input } = inFolder(text);
  return {
    zoom,
    env,
    cwd,
    input,
    run: (...args) => command(args, { cwd, env: { ...env, ZOOM_IM_GROUPS_ACCOUNT_PLAN: 'business' } }),
    writes: () => zoom.requests().filter(({ method }) => method !== 'GET').length,
  };
}

describe.each(['im', 'contacts'])('--limit (%s)', (api) => {
  test('sends so many rows that need a request, and --resume sends the rest', async () => {
    const text = numbered(upTo(30));
    // Rows that exist need no request, and do not count.
    const groups = [1, 2, 7].map((n) => ({ id: `there-${n}`, name: `Group ${n}` }));
    const { zoom, cwd, input, run, env } = await setUp(text, { groups });
    const first = await run('apply', input, '--api', api, '--limit', '5', '--out', 'r');
    expect(first).toMatchObject({ code: 4 });
    expect(
      zoom
        .created()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([3, 4, 5, 6, 8].map((n) => `Group ${n}`).sort());
    const run1 = join(cwd, 'r');
    expect(summary(run1)).toMatchObject({
      counts: { created: 5, 'already-provisioned': 3, 'not-attempted': 22, failed: 0, unknown: 0 },
      exit: { code: 4, reason: 'limit' },
    });
    expectEveryRowOnce(run1, text);
    const second = await run('apply', input, '--resume', 'r', '--limit', '2');
    expect(second).toMatchObject({ code: 4 });
    expect(zoom.created().length).toBe(7);
    const next = findNextCommand(second.stdout) ?? 'false';
    expect(next).not.toContain('--limit');
    await runInShell(next, cwd, env);
    expect(zoom.created().length).toBe(27);
    const rows = expectEveryRowOnce(run1, text);
    expectHonest(zoom, rows, new Set(groups.map(({ name }) => name)));
    expect(summary(run1).exit.code).toBe(0);
  });

  test('that leaves nothing pending ends with 0', async () => {
    const { input, run, zoom, cwd } = await setUp(numbered(upTo(4)));
    expect(await run('apply', input, '--api', api, '--limit', '4', '--out', 'r')).toMatchObject({ code: 0 });
    expect(zoom.created().length).toBe(4);
    expect(summary(join(cwd, 'r')).counts).toMatchObject({ created: 4, 'not-attempted': 0 });
  });

  test('settles the rows that it sent, although answers get lost', async () => {
    const faults = ['reset-after:0.5'];
    const { input, run, cwd } = await setUp(numbered(upTo(30)), { faults, seed: 3 });
    expect(await run('apply', input, '--api', api, '--limit', '10', '--out', 'r')).toMatchObject({ code: 4 });
    expect(summary(join(cwd, 'r')).counts).toMatchObject({ created: 10, unknown: 0, 'not-attempted': 20 });
  });
});

describe('--checksum', () => {
  const THERE = [{ id: 'other', name: 'Other', type: 'normal', search_by_domain: true }] as const;
  const CSV = 'name,type\nNew,\nOther,shared\n';

  async function checksumOf({ run, input }: Setup, ...more: readonly string[]): Promise<string> {
    return JSON.parse((await run('plan', input, '--json', ...more)).stdout).checksum;
  }

  test('of the plan lets apply do exactly what was reviewed', async () => {
    const account = await setUp(CSV, { groups: THERE });
    const { run, input, zoom, writes } = account;
    const checksum = await checksumOf(account, '--update');
    const dry = await run('apply', input, '--dry-run', '--update');
    expect(dry.stdout).toContain(`Checksum: ${checksum}`);
    expect(writes()).toBe(0);
    const done = await run('apply', input, '--update', '--checksum', checksum.toUpperCase());
    expect(done).toMatchObject({ code: 0 });
    expect(
      zoom
        .groups()
        .map(({ name, type }) => `${name} ${type}`)
        .sort(),
    ).toEqual(['New normal', 'Other shared']);
    // The list of the review serves the run too.
    expect(zoom.requests().filter(({ method }) => method === 'GET').length).toBe(3);
  });

  test.each<readonly [string, (account: Setup) => unknown, readonly string[]]>([
    ['another program created a group', ({ zoom }) => createGroup(zoom, 'New'), []],
    ['a group was changed', ({ zoom }) => changeGroup(zoom, 'other', { type: 'restricted' }), []],
    ['the file was changed', ({ input }) => writeFileSync(input, `${CSV}More,\n`), []],
    ['the options differ', () => undefined, ['--update']],
  ])('that differs because %s: nothing is sent, exit 2, no run folder', async (_, change, more) => {
    const account = await setUp(CSV, { groups: THERE });
    const { run, input, writes, cwd } = account;
    const checksum = await checksumOf(account);
    await change(account);
    const before = writes();
    const refused = await run('apply', input, '--checksum', checksum, '--out', 'r', ...more);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('is not what was reviewed');
    expect(writes()).toBe(before);
    expect(existsSync(join(cwd, 'r'))).toBe(false);
  });

  test('of a simulated plan is that of the simulated apply', async () => {
    const { cwd, input } = inFolder(CSV);
    const plan = await command(['plan', input, '--simulate', '--json'], { cwd });
    const { checksum } = JSON.parse(plan.stdout);
    const args = ['apply', input, '--simulate', '--checksum', checksum, '--out', 'r'];
    expect(await command(args, { cwd })).toMatchObject({ code: 0 });
  });

  test('is refused with --no-listing, and if it is no checksum', async () => {
    const { run, input, zoom } = await setUp(CSV);
    const hex = 'a'.repeat(64);
    expect(await run('apply', input, '--checksum', hex, '--no-listing')).toMatchObject({
      code: 2,
      stdout: '',
    });
    expect(await run('apply', input, '--checksum', 'yes')).toMatchObject({ code: 2, stdout: '' });
    expect(zoom.requests()).toEqual([]);
  });
});

describe.each(['im', 'contacts'])('previous_name (%s)', (api) => {
  const OLD = [{ id: 'old', name: 'Sales', type: 'shared' }] as const;
  const CSV = 'name,type,previous_name\nSales EMEA,shared,Sales\nSupport,,Help Desk\n';

  test('with --update renames the group, and creates a row whose previous name does not exist', async () => {
    const { run, input, zoom, cwd, writes } = await setUp(CSV, { groups: OLD });
    const args = ['apply', input, '--api', api, '--update'];
    const plan = await run('plan', ...args.slice(1));
    expect(plan.stdout).toContain('1 to create, 1 to update');
    expect(await run(...args, '--out', 'r')).toMatchObject({ code: 0 });
    expect(zoom.groups().find(({ id }) => id === 'old')).toMatchObject({ name: 'Sales EMEA' });
    expect(
      zoom
        .groups()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['Sales EMEA', 'Support']);
    expect(results(join(cwd, 'r')).map((row) => row.zoom__status)).toEqual(['updated', 'created']);
    const before = writes();
    expect(await run(...args)).toMatchObject({ code: 0 });
    expect(writes()).toBe(before);
    expect(await run('rollback', 'r', '--yes', '--include-updates')).toMatchObject({ code: 0 });
    expect(zoom.groups().map(({ name }) => name)).toEqual(['Sales']);
  });

  test('without --update sends nothing for the row, and says what to do', async () => {
    const { run, input, zoom, cwd } = await setUp(CSV, { groups: OLD });
    const done = await run('apply', input, '--api', api, '--out', 'r');
    expect(done).toMatchObject({ code: 1 });
    expect(
      zoom
        .groups()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['Sales', 'Support']);
    const [row] = results(join(cwd, 'r'));
    expect(row).toMatchObject({ zoom__status: 'failed', zoom__attempts: '0' });
    expect(row?.zoom__detail).toContain('--update');
    expect(readFileSync(join(cwd, 'r', 'failed.csv'), 'utf8')).toBe(
      'name,type,previous_name\nSales EMEA,shared,Sales\n',
    );
  });
});

test('previous_name of which Zoom has two groups renames neither', async () => {
  const groups = ['a', 'b'].map((id) => ({ id, name: 'Sales' }));
  const { run, input, zoom, cwd } = await setUp('name,previous_name\nSales EMEA,Sales\n', { groups });
  const done = await run('apply', input, '--api', 'contacts', '--update', '--out', 'r');
  expect(done).toMatchObject({ code: 1 });
  expect(zoom.groups().map(({ name }) => name)).toEqual(['Sales', 'Sales']);
  const [row] = results(join(cwd, 'r'));
  expect(row).toMatchObject({ zoom__status: 'failed', zoom__attempts: '0' });
  expect(row?.zoom__detail).toContain('2 groups named "Sales"');
});

function call(zoom: Simulator, method: string, path: string, body: object): Promise<Response> {
  return fetch(`${zoom.baseUrl}/im/groups${path}`, {
    method,
    headers: { authorization: `Bearer ${zoom.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function createGroup(zoom: Simulator, name: string): Promise<Response> {
  return call(zoom, 'POST', '', { name });
}

function changeGroup(zoom: Simulator, id: string, body: object): Promise<Response> {
  return call(zoom, 'PATCH', `/${id}`, body);
}
