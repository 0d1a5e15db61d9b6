/** What a user may rely on of the command that an unfinished run prints to go on with. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, folder, results, summary } from '../support/command.js';
import {
  expectEveryRowOnce,
  expectHonest,
  goOnIn,
  inFolder,
  killedAt,
  numbered,
  startEmptyAccount,
  typed,
  upTo,
} from '../support/interrupted-run.js';

const QUICK = ['--account-plan', 'business', '--rate', '300'];

describe('a run that stopped', () => {
  test.each([
    "it's a file; $(x).csv",
    '-dash.csv',
  ])('prints the exact command to go on with, and that command ends it: %s', async (odd) => {
    const { zoom, env } = await startEmptyAccount({ accountPlan: 'free', dailyLimit: 30 });
    const cwd = folder();
    const text = numbered(upTo(50)).replaceAll('\n', ';x\n');
    writeFileSync(join(cwd, odd), text);
    const args = ['apply', '--delimiter', ';', ...QUICK, '--', odd];
    const stopped = await command(args, { cwd, env });
    expect(stopped.code).toBe(4);
    expect(zoom.created().length).toBe(30);
    const line = goOnIn(stopped.stdout) ?? '';
    expect(line).toMatch(/^zoom-im-groups apply .*--resume/);
    // The next day at the same address: it has all the groups, and a new budget.
    await zoom.close();
    const port = Number(new URL(zoom.url).port);
    const morning = await startEmptyAccount({ groups: zoom.groups(), port, token: zoom.token });
    const out = await typed(line, cwd, env);
    expect(goOnIn(out)).toBeUndefined();
    expect(morning.zoom.created().length).toBe(20);
    const run = join(cwd, 'runs', readdirSync(join(cwd, 'runs'))[0] ?? '');
    expect(summary(run)).toMatchObject({ counts: { created: 50 }, carried_over: 30, exit: { code: 0 } });
  });

  test('of standard input is gone on with: the input is in its journal, and nowhere else', async () => {
    const { zoom, env } = await startEmptyAccount();
    const cwd = folder();
    const text = numbered(upTo(120));
    await killedAt(zoom, 30, ['apply', '-', ...QUICK, '--out', 'r'], { cwd, env, stdin: text });
    expect(readdirSync(join(cwd, 'r'))).toEqual(['journal.ndjson']);
    const done = await command(['apply', '-', '--resume', 'r', ...QUICK], { cwd, env, stdin: '' });
    expect(done).toMatchObject({ code: 0 });
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), new Set());
  });

  test('is not gone on with elsewhere', async () => {
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
    for (const [args, its] of tries) {
      const refused = await command(['apply', input, '--resume', 'r', ...args], { cwd, env: its });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('--resume');
    }
    expect(other.zoom.requests()).toEqual([]);
    expect(readFileSync(join(cwd, 'r', 'journal.ndjson'))).toEqual(journal);
  });

  test('is not gone on with on another account, where the token names its account', async () => {
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

  test('where there is none to go on with, that is said', async () => {
    const { cwd, input } = inFolder('name\nA\n');
    const none = await command(['apply', input, '--resume', '--simulate'], { cwd });
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('no unfinished run');
  });

  test('is moot after a later run of its file that ended well, and that is said with the way to it', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['400'] });
    const { cwd, input } = inFolder('name\nA\n');
    const apply = (...more: readonly string[]) => command(['apply', input, '--json', ...more], { cwd, env });
    expect((await apply('--out', 'runs/failed')).code).toBe(1);
    // A rehearsal and another share of the file are not about the same.
    expect((await command(['apply', input, '--simulate'], { cwd })).code).toBe(0);
    const others = [await apply('--shard', '1/2'), await apply('--shard', '2/2')];
    expect(others.map(({ code }) => code).sort()).toEqual([0, 1]);
    await apply('--resume', 'runs/failed');
    expect(JSON.parse((await apply('--resume')).stdout).folder).toBe('runs/failed');
    await zoom.close();
    await startEmptyAccount({ port: Number(new URL(zoom.url).port), token: zoom.token });
    expect((await apply('--out', 'runs/well')).code).toBe(0);
    const moot = await apply('--resume');
    expect(moot.code).toBe(2);
    expect(moot.stderr).toMatch(/runs\/well, ended well: nothing to go on with\n.*--resume DIR/);
    expect((await apply('--resume', 'runs/failed')).code).toBe(0);
  });
});

describe('the report of a killed run', () => {
  test('of one shard goes on with that shard, and with the invalid rows left out', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(
      `name,type\n${upTo(200)
        .map((n) => `Group ${n},\n`)
        .join('')}Bad,purple\n`,
    );
    const args = ['apply', input, ...QUICK, '--shard', '1/2', '--skip-invalid', '--out', 'r'];
    await killedAt(zoom, 20, args, { cwd, env });
    const told = await command(['report', 'r'], { cwd });
    expect(told.code).toBe(4);
    const { input: before } = summary(join(cwd, 'r'));
    await typed(`${goOnIn(told.stdout)} || true`, cwd, env);
    const { input: after, counts } = summary(join(cwd, 'r'));
    expect(after).toEqual(before);
    expect(counts['not-attempted']).toBe(0);
    expect(zoom.created().length).toBe(counts.created);
    expect(results(join(cwd, 'r')).length).toBeLessThan(150);
  });

  test('of a rollback goes on with the rollback', async () => {
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
    const told = await command(['report', 'undone'], { cwd });
    expect(told.code).toBe(4);
    const line = goOnIn(told.stdout) ?? '';
    expect(line).toMatch(/^zoom-im-groups rollback made --resume undone/);
    await typed(`${line} --yes`, cwd, env);
    expect(zoom.groups()).toEqual([]);
    expect(summary(join(cwd, 'undone'))).toMatchObject({ counts: { deleted: 80 }, exit: { code: 0 } });
  });
});
