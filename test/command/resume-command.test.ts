/** What a user may rely on of the command that an unfinished run prints to resume it, and of --resume. */
// @module-tag slow
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, folder, journal, results, summary } from '../support/command.js';
import {
  expectEveryRowOnce,
  expectHonest,
  findNextCommand,
  inFolder,
  killedAt,
  numbered,
  runInShell,
  startEmptyAccount,
  upTo,
} from '../support/interrupted-run.js';

const QUICK = ['--account-plan', 'business', '--rate', '300'];

describe('a run that stopped', () => {
  test.each([
    "it's a file; $(x).csv",
    '-dash.csv',
  ])('prints the exact command that resumes it, and that command completes it: %s', async (odd) => {
    const { zoom, env } = await startEmptyAccount({ accountPlan: 'free', dailyLimit: 30 });
    const cwd = folder();
    const text = numbered(upTo(50)).replaceAll('\n', ';x\n');
    writeFileSync(join(cwd, odd), text);
    const args = ['apply', '--delimiter', ';', ...QUICK, '--', odd];
    const stopped = await command(args, { cwd, env });
    expect(stopped.code).toBe(4);
    expect(zoom.created().length).toBe(30);
    const line = findNextCommand(stopped.stdout) ?? '';
    expect(line).toMatch(/^zoom-im-groups apply .*--resume/);
    // The next day at the same address: it has all the groups, and a new budget.
    await zoom.close();
    const port = Number(new URL(zoom.url).port);
    const nextDay = await startEmptyAccount({ groups: zoom.groups(), port, token: zoom.token });
    const out = await runInShell(line, cwd, env);
    expect(findNextCommand(out)).toBeUndefined();
    expect(nextDay.zoom.created().length).toBe(20);
    const run = join(cwd, 'runs', readdirSync(join(cwd, 'runs'))[0] ?? '');
    expect(summary(run)).toMatchObject({ counts: { created: 50 }, carried_over: 30, exit: { code: 0 } });
  });

  test('and read standard input is resumed: the input is in its journal, and nowhere else', async () => {
    const { zoom, env } = await startEmptyAccount();
    const cwd = folder();
    const text = numbered(upTo(120));
    await killedAt(zoom, 30, ['apply', '-', ...QUICK, '--out', 'r'], { cwd, env, stdin: text });
    expect(readdirSync(join(cwd, 'r')).sort()).toEqual(['journal.ndjson', 'run.lock']);
    const done = await command(['apply', '-', '--resume', 'r', ...QUICK], { cwd, env, stdin: '' });
    expect(done).toMatchObject({ code: 0 });
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), new Set());
  });

  test('is resumed neither at another address, nor simulated, nor with another API', async () => {
    const { env } = await startEmptyAccount();
    const { cwd, input } = inFolder('name\nA\n');
    await command(['apply', input, '--out', 'r'], { cwd, env });
    const other = await startEmptyAccount();
    const journal = readFileSync(join(cwd, 'r', 'journal.ndjson'));
    const tries: readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
      [[], other.env],
      [['--simulate'], {}],
      [['--api', 'contacts'], env],
    ];
    for (const [args, otherEnv] of tries) {
      const refused = await command(['apply', input, '--resume', 'r', ...args], { cwd, env: otherEnv });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('--resume');
    }
    expect(other.zoom.requests()).toEqual([]);
    expect(readFileSync(join(cwd, 'r', 'journal.ndjson'))).toEqual(journal);
  });

  test('is not resumed on another account, if the token names its account', async () => {
    const tokenOf = (aid: string, no: number): string =>
      ['{}', JSON.stringify({ aid, no }), 'x']
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.');
    const first = await startEmptyAccount({ token: tokenOf('one', 1) });
    const { cwd, input } = inFolder('name\nA\n');
    await command(['apply', input, '--out', 'r'], { cwd, env: first.env });
    await first.zoom.close();
    const port = Number(new URL(first.zoom.url).port);
    const other = await startEmptyAccount({ port, token: tokenOf('two', 1) });
    for (const args of [
      ['apply', input, '--resume', 'r'],
      ['rollback', 'r', '--yes'],
    ]) {
      const refused = await command(args, { cwd, env: other.env });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('another Zoom account');
    }
    expect(other.zoom.requests().filter(({ method }) => method !== 'GET')).toEqual([]);
    await other.zoom.close();
    const same = await startEmptyAccount({ port, token: tokenOf('one', 2), groups: first.zoom.groups() });
    const done = await command(['apply', input, '--resume', 'r'], { cwd, env: same.env });
    expect(done).toMatchObject({ code: 0 });
  });

  test('is not resumed with an option that shapes a run and differs, and its journal stays as it is', async () => {
    const { zoom, env } = await startEmptyAccount({ dailyLimit: 1 });
    const { cwd, input } = inFolder('name,type\nA,\nB,\nC,purple\n');
    const begin = ['apply', input, '--skip-invalid', '--body', 'json', '--out', 'r'];
    expect((await command(begin, { cwd, env })).code).toBe(4);
    const stored = readFileSync(join(cwd, 'r', 'journal.ndjson'));
    const sent = zoom.requests().length;
    for (const more of [
      ['--update'],
      ['--body', 'multipart'],
      ['--api', 'contacts'],
      ['--no-listing'],
      ['--shard', '1/2'],
      ['--map', 'type=name'],
      ['--delimiter', ';'],
    ]) {
      const refused = await command(['apply', input, '--resume', 'r', ...more], { cwd, env });
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain(`${more[0]} differs from what this run was begun with`);
    }
    expect(zoom.requests().length).toBe(sent);
    expect(readFileSync(join(cwd, 'r', 'journal.ndjson'))).toEqual(stored);
  });

  test('takes what shapes it from its journal: --update, --body and --skip-invalid need not be given again', async () => {
    const groups = [{ id: 'there', name: 'There', type: 'normal' }] as const;
    const { zoom, env } = await startEmptyAccount({ groups, dailyLimit: 1 });
    const { cwd, input } = inFolder('name,type\nNew,\nThere,shared\nBad,purple\nLast,\n');
    const begin = ['apply', input, '--update', '--body', 'json', '--skip-invalid', '--out', 'r'];
    expect((await command([...begin, '--concurrency', '1'], { cwd, env })).code).toBe(4);
    await zoom.close();
    const port = Number(new URL(zoom.url).port);
    await startEmptyAccount({ port, token: zoom.token, groups: zoom.groups() });
    const more = ['--account-plan', 'business', '--rate', '50', '--concurrency', '3', '--max-failures', '9'];
    expect((await command(['apply', '--resume', 'r', ...more], { cwd, env })).code).toBe(1);
    expect(results(join(cwd, 'r')).map((row) => row.zoom__status)).toEqual([
      'created',
      'updated',
      'invalid',
      'created',
    ]);
    const [first, second] = journal(join(cwd, 'r')).flatMap((event) =>
      event.type === 'run' ? [event.shape] : [],
    );
    expect(first).toMatchObject({ skipInvalid: true, options: { update: true, body: 'json' } });
    expect(second).toEqual(first);
  });
});

describe('--resume without a folder', () => {
  test('begins a new run if there is nothing to resume, and says so', async () => {
    const { cwd, input } = inFolder('name\nA\n');
    const first = await command(['apply', input, '--resume', '--simulate'], { cwd });
    expect(first.code).toBe(0);
    expect(first.stderr).toContain('no unfinished run');
    expect(readdirSync(join(cwd, 'runs')).length).toBe(1);
  });

  test('takes the newest unfinished run of the file, unless the same was done later', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['400'] });
    const { cwd, input } = inFolder('name\nA\n');
    const apply = (...more: readonly string[]) => command(['apply', input, '--json', ...more], { cwd, env });
    expect((await apply('--out', 'runs/failed')).code).toBe(1);
    // A simulation and another shard of the file are other work.
    expect((await command(['apply', input, '--simulate'], { cwd })).code).toBe(0);
    const others = [await apply('--shard', '1/2'), await apply('--shard', '2/2')];
    expect(others.map(({ code }) => code).sort()).toEqual([0, 1]);
    await apply('--resume', 'runs/failed');
    expect(JSON.parse((await apply('--resume')).stdout).folder).toBe('runs/failed');
    await zoom.close();
    await startEmptyAccount({ port: Number(new URL(zoom.url).port), token: zoom.token });
    expect((await apply('--out', 'runs/complete')).code).toBe(0);
    const fresh = await apply('--resume');
    expect(fresh.code).toBe(0);
    expect(fresh.stderr).toContain('no unfinished run');
    expect((await apply('--resume', 'runs/failed')).code).toBe(0);
  });
});

describe('the report of a killed run', () => {
  test('of one shard prints a command that completes that shard, with invalid rows skipped', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(
      `name,type\n${upTo(200)
        .map((n) => `Group ${n},\n`)
        .join('')}Bad,purple\n`,
    );
    const args = ['apply', input, ...QUICK, '--shard', '1/2', '--skip-invalid', '--out', 'r'];
    await killedAt(zoom, 20, args, { cwd, env });
    const report = await command(['report', 'r'], { cwd });
    expect(report.code).toBe(4);
    const { input: before } = summary(join(cwd, 'r'));
    await runInShell(`${findNextCommand(report.stdout)} || true`, cwd, env);
    const { input: after, counts } = summary(join(cwd, 'r'));
    expect(after).toEqual(before);
    expect(counts['not-attempted']).toBe(0);
    expect(zoom.created().length).toBe(counts.created);
    expect(results(join(cwd, 'r')).length).toBeLessThan(150);
  });

  test('of a rollback prints a command that completes the rollback', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(numbered(upTo(80)));
    expect(await command(['apply', input, ...QUICK, '--out', 'made'], { cwd, env })).toMatchObject({
      code: 0,
    });
    const undo = [
      'rollback',
      'made',
      '--yes',
      '--account-plan',
      'business',
      '--rate',
      '100',
      '--out',
      'undone',
    ];
    const killed = await command(undo, {
      cwd,
      env,
      onStart: (child) => {
        const timer = setInterval(() => {
          if (zoom.groups().length > 60) return;
          clearInterval(timer);
          child.kill('SIGKILL');
        }, 1);
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    const report = await command(['report', 'undone'], { cwd });
    expect(report.code).toBe(4);
    const line = findNextCommand(report.stdout) ?? '';
    expect(line).toMatch(/^zoom-im-groups rollback made --resume undone/);
    await runInShell(`${line} --yes`, cwd, env);
    expect(zoom.groups()).toEqual([]);
    expect(summary(join(cwd, 'undone'))).toMatchObject({ counts: { deleted: 80 }, exit: { code: 0 } });
  });
});
