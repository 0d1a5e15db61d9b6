/** What a user may rely on of the one report of several runs that shared a file. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, folder, summary } from './help/command.js';
import { numbered, upTo } from './help/interrupted.js';

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

test('a report of all shards is made again over itself, and over nothing else', async () => {
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
