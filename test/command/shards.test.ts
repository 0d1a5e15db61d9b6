/** What a user may rely on of one report about several runs that shared a file. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, folder, summary } from '../support/command.js';
import { numbered, upTo } from '../support/interrupted-run.js';

const QUICK = ['--simulate', '--account-plan', 'business', '--rate', '300'];

/** A folder with the runs of these shards of three. */
async function shards(...ks: readonly number[]): Promise<string> {
  const cwd = folder();
  writeFileSync(join(cwd, 'in.csv'), numbered(upTo(12)));
  for (const k of ks) {
    const args = ['apply', 'in.csv', '--shard', `${k}/3`, '--out', `s${k}`, ...QUICK];
    expect(await command(args, { cwd })).toMatchObject({ code: 0 });
  }
  return cwd;
}

test('a report of all shards replaces an earlier one, and no other file', async () => {
  const cwd = await shards(1, 2, 3);
  const args = ['report', 's1', 's2', 's3', '--out', 'all'];
  for (let n = 0; n < 2; n += 1) expect(await command(args, { cwd })).toMatchObject({ code: 0 });
  expect(summary(join(cwd, 'all'))).toMatchObject({ counts: { created: 12 }, exit: { code: 0 } });
  mkdirSync(join(cwd, 'mine'));
  writeFileSync(join(cwd, 'mine', 'failed.csv'), 'mine');
  const refused = await command(['report', 's1', 's2', 's3', '--out', 'mine'], { cwd });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(join('mine', 'failed.csv'));
  expect(readFileSync(join(cwd, 'mine', 'failed.csv'), 'utf8')).toBe('mine');
  expect(readdirSync(join(cwd, 'mine'))).toEqual(['failed.csv']);
});

test('a report that lacks a shard says so in exit code, summary, page and terminal', async () => {
  const cwd = await shards(1, 3);
  const json = await command(['report', 's1', 's3', '--out', 'all', '--json'], { cwd });
  const shown = await command(['report', 's1', 's3', '--out', 'all'], { cwd });
  const exit = { code: 1, reason: 'shard 2/3 is missing' };
  expect([json.code, shown.code]).toEqual([1, 1]);
  expect(JSON.parse(json.stdout)).toMatchObject({ exit, not_provisioned: 0 });
  expect(summary(join(cwd, 'all'))).toMatchObject({ exit });
  const page = readFileSync(join(cwd, 'all', 'report.html'), 'utf8');
  expect(/<h1.*?<\/h1>/.exec(page)?.[0]).toMatch(/class="bad">Incomplete .*shard 2\/3 is missing/);
  expect(page).not.toMatch(/all done|journal\.ndjson/);
  expect(shown.stdout).toMatch(/^Incomplete .*shard 2\/3 is missing/);
});

test('a report that has a shard twice says so, and is no success', async () => {
  const cwd = await shards(1, 2, 3);
  const args = ['apply', 'in.csv', '--shard', '2/3', '--out', 'again', ...QUICK];
  expect(await command(args, { cwd })).toMatchObject({ code: 0 });
  const report = await command(['report', 's1', 's2', 's3', 'again', '--out', 'all', '--json'], { cwd });
  expect(report.code).toBe(1);
  expect(JSON.parse(report.stdout).exit).toEqual({ code: 1, reason: 'shard 2/3 is in more than one run' });
});

test('a report of several runs names the files that it has, and no journal', async () => {
  const cwd = await shards(1, 2, 3);
  await command(['report', 's1', 's2', 's3', '--out', 'all'], { cwd });
  const { files } = summary(join(cwd, 'all'));
  expect(Object.values(files as Record<string, string>).sort()).toEqual(readdirSync(join(cwd, 'all')).sort());
  expect(summary(join(cwd, 's1')).files).toHaveProperty('journal', 'journal.ndjson');
});

test('a report of shards that stopped prints no command, since each shard has its own', async () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'in.csv'), numbered(upTo(12)));
  for (const k of [1, 2]) {
    const more = ['--shard', `${k}/2`, '--out', `s${k}`, '--fault', 'paid'];
    expect(await command(['apply', 'in.csv', ...more, ...QUICK], { cwd })).toMatchObject({ code: 3 });
  }
  const report = await command(['report', 's1', 's2', '--out', 'all'], { cwd });
  expect(report.code).toBe(3);
  expect(report.stdout).not.toContain('--resume');
});

test('the reports of one run stay in its folder: another --out is refused', async () => {
  const cwd = await shards(1);
  const refused = await command(['report', 's1', '--out', 'other'], { cwd });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('s1');
  expect(readdirSync(cwd)).not.toContain('other');
  expect(await command(['report', 's1', '--out', './s1/'], { cwd })).toMatchObject({ code: 0 });
});
