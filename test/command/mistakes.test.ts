/** What a person types by mistake, asks for, or answers, and what is said to it. */
// @module-tag slow
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMAND_NAMES } from '../../src/cli/options/commands.js';
import { command, file, folder, summary } from '../support/command.js';
import { findNextCommand, numbered, runInShell, upTo } from '../support/interrupted-run.js';
import { hasPty, inPty } from '../support/pty.js';

if (!hasPty && process.env.CI === 'true') throw new Error('CI has to have python3, for a terminal');
if (!hasPty) process.stderr.write('nothing is typed at a terminal here: there is no python3\n');

describe('help', () => {
  test.each(COMMAND_NAMES)('is had as `help %s` too, and ends with 0', async (name) => {
    const asked = await command(['help', name]);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toBe((await command([name, '--help'])).stdout);
  });

  test.each(['nope', 'constructor'])('of %s is a mistake: there is no such command', async (name) => {
    expect(await command(['help', name])).toMatchObject({ code: 2, stdout: '' });
  });

  test.each([
    [['validate'], 'zoom-im-groups validate --help'],
    [['apply', 'a.csv', '--account-plan', 'gold'], 'zoom-im-groups apply --help'],
    [['export', 'a.csv'], 'zoom-im-groups export --help'],
    [['nope'], 'zoom-im-groups --help'],
  ])('is named where %j was typed', async (args, where) => {
    const done = await command(args);
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain(`See ${where}.`);
  });
});

test('a path with escapes and direction marks is written out in the error', async () => {
  const { code, stderr } = await command(['validate', 'a\u001b[2J\u202eb.csv']);
  expect(code).toBe(2);
  expect(stderr).toContain('a\\u{1b}[2J\\u{202e}b.csv');
  expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
});

describe('one thing is told as one:', () => {
  test('a group and a problem by validate', async () => {
    const one = await command(['validate', file('name\nA\n')]);
    expect(one.stdout).toMatch(/: 1 group, 0 duplicates, 0 invalid rows, 0 problems\n/);
    const wrong = await command(['validate', file('name\nA\tB\nB\nB\n')]);
    expect(wrong.stdout).toMatch(/: 1 group, 1 duplicate, 1 invalid row, 1 problem\n/);
  });

  test('a problem and a row by apply', async () => {
    const done = await command(['apply', file('name,type\nA,x\n'), '--simulate']);
    expect(done.stderr).toContain('\n1 problem in 1 row: nothing was sent.');
  });
});

test('a folder in the place of the file is called a folder', async () => {
  const cwd = folder();
  mkdirSync(join(cwd, 'groups.csv'));
  for (const name of ['apply', 'plan', 'validate']) {
    const done = await command([name, 'groups.csv', ...(name === 'validate' ? [] : ['--simulate'])], { cwd });
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain("groups.csv can't be read: it is a folder\n");
  }
  expect(readdirSync(cwd)).toEqual(['groups.csv']);
});

describe.skipIf(!hasPty)('at a terminal', () => {
  test.each([
    ['no', false],
    ['yes', true],
  ])('rollback asks, and %j is an answer', async (answer, isDone) => {
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), numbered([1]));
    await command(['apply', 'in.csv', '--simulate', '--out', 'r'], { cwd });
    const { code, text } = await inPty(['rollback', 'r', '--simulate', '--out', 'back'], {
      cwd,
      answer: { to: 'Delete 1 group from Zoom? Type yes to continue: ', with: `${answer}\n` },
    });
    expect(code).toBe(isDone ? 0 : 2);
    expect(text.includes('nothing was rolled back')).toBe(!isDone);
    expect(existsSync(join(cwd, 'back'))).toBe(isDone);
    if (isDone) expect(summary(join(cwd, 'back')).counts.deleted).toBe(1);
  });

  test.each([
    ['Ctrl-C', '\x03', 130],
    ['Ctrl-D', '\x04', 2],
  ])('%s at the question of rollback ends it, and nothing is done', async (_, key, exit) => {
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), numbered([1]));
    await command(['apply', 'in.csv', '--simulate', '--out', 'r'], { cwd });
    const { code, text } = await inPty(['rollback', 'r', '--simulate', '--out', 'back'], {
      cwd,
      answer: { to: 'Type yes to continue: ', with: key },
    });
    expect(code).toBe(exit);
    expect(text).not.toMatch(/^ +at /m);
    expect(existsSync(join(cwd, 'back'))).toBe(false);
  });

  test('Ctrl-C ends a run with 130, and what it prints to go on with can be typed as it stands', async () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'my groups.csv'), numbered(upTo(90)));
    const { code, text } = await inPty(['apply', 'my groups.csv', '--simulate', '--out', "it's a run"], {
      columns: 200,
      cwd,
      answer: { to: '/s of 30/s', with: '\x03' },
    });
    expect(code).toBe(130);
    expect(text).toContain('requests in flight are finished');
    const next = findNextCommand(text.replaceAll('\r', '')) ?? '';
    expect(next).toMatch(/^zoom-im-groups apply /);
    expect(await runInShell(next, cwd, {})).toContain('All 90 rows are provisioned (simulated)');
  });
});
