/** --json: exactly one object on standard output, with the same frame for success and every failure. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, file, folder } from '../support/command.js';

const GOOD = 'name\nFirst\n';
const BAD = 'name,type\nFirst,x\n';

/** The arguments, the files beside them, and how the command ends. */
const ENDINGS: readonly (readonly [string, readonly string[], object])[] = [
  [
    'an unknown option',
    ['apply', 'good.csv', '--nope'],
    { command: 'apply', exit: { code: 2, reason: 'usage' } },
  ],
  ['an unknown command', ['aply', 'good.csv'], { command: null, exit: { code: 2, reason: 'usage' } }],
  ['a value that is refused', ['plan', 'good.csv', '--rate', '0'], { command: 'plan', exit: { code: 2 } }],
  ['no file', ['validate'], { command: 'validate', exit: { code: 2, reason: 'usage' } }],
  ['a command without --json', ['completion', 'bash'], { command: 'completion', exit: { code: 2 } }],
  ['no credentials', ['apply', 'good.csv'], { command: 'apply', exit: { code: 2, reason: 'usage' } }],
  [
    'an option that has no effect',
    ['plan', 'good.csv', '--seed', '1'],
    { command: 'plan', exit: { code: 2 } },
  ],
  ['a file that is missing', ['validate', 'none.csv'], { command: 'validate', exit: { code: 2 } }],
  [
    'a file with problems',
    ['apply', 'bad.csv', '--simulate'],
    { command: 'apply', exit: { code: 2, reason: 'problems' } },
  ],
  ['a valid file', ['validate', 'good.csv'], { command: 'validate', exit: { code: 0, reason: 'valid' } }],
  ['problems found', ['validate', 'bad.csv'], { command: 'validate', exit: { code: 2, reason: 'problems' } }],
  ['a plan', ['plan', 'good.csv', '--simulate'], { command: 'plan', exit: { code: 0 } }],
  ['a dry run', ['apply', 'good.csv', '--simulate', '--dry-run'], { command: 'apply', exit: { code: 0 } }],
  [
    'something to do',
    ['plan', 'good.csv', '--simulate', '--detailed-exitcode'],
    { command: 'plan', exit: { code: 2 } },
  ],
  [
    'a failure under --detailed-exitcode',
    ['plan', 'none.csv', '--simulate', '--detailed-exitcode'],
    { command: 'plan', exit: { code: 1 } },
  ],
  [
    'problems under --detailed-exitcode',
    ['plan', 'bad.csv', '--simulate', '--detailed-exitcode'],
    { command: 'plan', exit: { code: 1, reason: 'problems' } },
  ],
  ['a run', ['apply', 'good.csv', '--simulate'], { command: 'apply', exit: { code: 0 } }],
  [
    'a stop',
    ['apply', 'good.csv', '--simulate', '--fault', 'paid:1'],
    { command: 'apply', exit: { code: 3 } },
  ],
  [
    'a rollback that no one can confirm',
    ['rollback', 'run', '--simulate'],
    { command: 'rollback', exit: { code: 2, reason: 'not-confirmed' } },
  ],
  ['no such run', ['report', 'nowhere'], { command: 'report', exit: { code: 2 } }],
];

describe('one JSON object', () => {
  test.each(ENDINGS)('for %s', async (_, args, expected) => {
    const cwd = folder();
    writeFileSync(join(cwd, 'good.csv'), GOOD);
    writeFileSync(join(cwd, 'bad.csv'), BAD);
    if (args[0] === 'rollback') await command(['apply', 'good.csv', '--simulate', '--out', 'run'], { cwd });
    const done = await command([...args, '--json'], { cwd });
    const json = JSON.parse(done.stdout);
    expect(json).toMatchObject({ schema_version: 2, ...expected });
    expect(json.exit.code).toBe(done.code);
    expect(typeof json.exit.reason).toBe('string');
    if (done.code === 3) for (const key of ['message', 'hint']) expect(json.exit[key]).toMatch(/\w/);
    expect(Object.keys(json).filter((key) => !/^[a-z0-9_]+$/.test(key))).toEqual([]);
  });

  test('is switched on by the variable too', async () => {
    const done = await command(['validate', 'none.csv'], { env: { ZOOM_IM_GROUPS_JSON: '1' } });
    expect(JSON.parse(done.stdout)).toMatchObject({ command: 'validate', exit: { code: 2 } });
  });

  test('for a bug too, with exit 70', async () => {
    const cwd = folder();
    // A terminal that can't be written to is not foreseen: the variable breaks the first thing that reads it.
    const hook = file(
      "process.stdin; Object.defineProperty(process, 'stdin', { get() { throw new Error('unforeseen'); } });",
      'hook.mjs',
    );
    const done = await command(['validate', '-', '--json'], {
      cwd,
      env: { NODE_OPTIONS: `--import ${hook}` },
    });
    expect(done.code).toBe(70);
    expect(JSON.parse(done.stdout)).toMatchObject({
      schema_version: 2,
      command: 'validate',
      exit: { code: 70, reason: 'internal-error', message: 'internal error: unforeseen' },
    });
    expect(done.stderr).toContain('please report it');
  });

  test('holds names with control and bidi characters only in escaped form, and exact', async () => {
    const name = 'A\u202eB\u0007';
    const done = await command(['validate', file(`name\n${name}\n`), '--json']);
    expect(done.stdout).not.toContain('\u202e');
    expect(JSON.parse(done.stdout).problems[0].value).toBe(name);
  });

  test('is not printed without --json: errors go to standard error', async () => {
    const cwd = folder();
    mkdirSync(join(cwd, 'groups.csv'));
    const done = await command(['validate', 'groups.csv'], { cwd });
    expect(done).toMatchObject({ code: 2, stdout: '' });
  });
});
