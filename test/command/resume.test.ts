/** What a user may rely on when a run is killed, or its file edited, and the run is resumed. */
// @module-tag slow
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, results, summary } from '../support/command.js';
import {
  aheadBy,
  attemptsIn,
  expectEveryRowOnce,
  expectHonest,
  findNextCommand,
  inFolder,
  killedAt,
  numbered,
  reportBytes,
  runInShell,
  startEmptyAccount,
  upTo,
} from '../support/interrupted-run.js';

const QUICK = ['--account-plan', 'business', '--rate', '300'];

describe('a run that was killed', () => {
  const text = numbered(upTo(200));
  const there = upTo(200).filter((n) => n % 10 === 0);
  const groups = there.map((n) => ({ id: `there-${n}`, name: `Group ${n}`, total_members: n % 20 }));
  const existing = new Set(there.map((n) => `Group ${n}`));
  const ways: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['by its folder', ['--out', 'r'], ['--resume', 'r']],
    ['by --out', ['--out', 'r'], ['--resume', '--out', 'r']],
    ['as the newest of its file', [], ['--resume']],
  ];

  test.each(ways)('is resumed %s: every row once, no group created twice', async (_, begin, resume) => {
    const { zoom, env } = await startEmptyAccount({ groups });
    const { cwd, input } = inFolder(text);
    const killed = await killedAt(zoom, 60, ['apply', input, ...QUICK, ...begin], { cwd, env });
    expect(killed.signal).toBe('SIGKILL');
    const done = await command(['apply', input, ...QUICK, ...resume], { cwd, env });
    expect(done).toMatchObject({ code: 0 });
    const run =
      begin.length > 0 ? join(cwd, 'r') : join(cwd, 'runs', readdirSync(join(cwd, 'runs'))[0] ?? '');
    const rows = expectEveryRowOnce(run, text);
    expectHonest(zoom, rows, existing);
    expect(rows.filter((row) => row.zoom__status === 'created').length).toBe(180);
    const { carried_over, counts } = summary(run);
    expect(counts).toMatchObject({ created: 180, 'already-provisioned': 20 });
    expect(carried_over).toBeGreaterThan(30);
    expect(carried_over).toBeLessThan(180);
    // Finished rows are not sent again; those in flight at the kill may be.
    const again = [...attemptsIn(run).values()].filter((n) => n > 1).length;
    expect(again).toBeLessThanOrEqual(200 - Number(carried_over));
    expect(findNextCommand(done.stdout)).toBeUndefined();
  });

  test('is resumed without naming the file', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    await killedAt(zoom, 40, ['apply', input, ...QUICK, '--out', 'r'], { cwd, env });
    expect(await command(['apply', '--resume', 'r', ...QUICK], { cwd, env })).toMatchObject({ code: 0 });
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), new Set());
  });

  test('has a report that accounts for every row and prints the command that resumes it', async () => {
    const { zoom, env } = await startEmptyAccount({ latencyMs: 60 });
    const { cwd, input } = inFolder(text);
    await killedAt(zoom, 60, ['apply', input, ...QUICK, '--out', 'r'], { cwd, env });
    const report = await command(['report', 'r'], { cwd });
    expect(report.code).toBe(4);
    const rows = expectEveryRowOnce(join(cwd, 'r'), text);
    const statuses = new Set(rows.map((row) => row.zoom__status));
    expect([...statuses].sort()).toEqual(['created', 'not-attempted', 'unknown']);
    const sent = attemptsIn(join(cwd, 'r'));
    for (const { name = '', zoom__status: status } of rows)
      expect(`${name} ${status !== 'not-attempted'}`).toBe(`${name} ${sent.has(name.toLowerCase())}`);
    await runInShell(findNextCommand(report.stdout) ?? 'false', cwd, env);
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), new Set());
    expect(summary(join(cwd, 'r')).exit.code).toBe(0);
  });

  test.each([
    1, 7, 40, 200, 1_500,
  ])('is resumed although the last %i bytes of its journal are lost', async (bytes) => {
    const { zoom, env } = await startEmptyAccount({ groups });
    const { cwd, input } = inFolder(text);
    await killedAt(zoom, 60, ['apply', input, ...QUICK, '--out', 'r'], { cwd, env });
    const path = join(cwd, 'r', 'journal.ndjson');
    const complete = readFileSync(path);
    truncateSync(path, complete.length - bytes);
    const done = await command(['apply', input, '--resume', 'r', ...QUICK], { cwd, env });
    expect(done).toMatchObject({ code: 0 });
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), existing);
    const torn = readdirSync(join(cwd, 'r')).filter((name) => name.startsWith('journal.torn-'));
    const cut = complete.subarray(0, complete.length - bytes);
    const rest = cut.subarray(cut.lastIndexOf(0x0a) + 1);
    expect(torn.map((name) => readFileSync(join(cwd, 'r', name), 'utf8'))).toEqual(
      rest.length > 0 ? [rest.toString()] : [],
    );
  });

  test('while it stored its input has sent nothing, and a resume does everything', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    await command(['apply', input, ...QUICK, '--out', 'complete'], { cwd, env });
    const [header = '', piece = ''] = readFileSync(join(cwd, 'complete', 'journal.ndjson'), 'utf8').split(
      '\n',
    );
    expect(JSON.parse(piece).type).toBe('input');
    mkdirSync(join(cwd, 'r'));
    writeFileSync(join(cwd, 'r', 'journal.ndjson'), `${header}\n${piece}\n`);
    expect(await command(['report', 'r'], { cwd })).toMatchObject({ code: 2 });
    const done = await command(['apply', input, '--resume', 'r', ...QUICK], { cwd, env });
    expect(done).toMatchObject({ code: 0 });
    const rows = expectEveryRowOnce(join(cwd, 'r'), text);
    expect(new Set(rows.map((row) => row.zoom__status))).toEqual(new Set(['already-provisioned']));
    expect(zoom.created().length).toBe(200);
  });

  test('learns the ids that Zoom did not answer with from the listing', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['no-id:1'] });
    const { cwd, input } = inFolder(text);
    await killedAt(zoom, 60, ['apply', input, ...QUICK, '--out', 'r'], { cwd, env });
    const done = await command(['apply', input, '--resume', 'r', ...QUICK], { cwd, env });
    expect(done).toMatchObject({ code: 0 });
    const rows = expectEveryRowOnce(join(cwd, 'r'), text);
    expectHonest(zoom, rows, new Set());
    expect(rows.every((row) => row.zoom__status === 'created')).toBe(true);
  });
});

describe('contact groups, whose names may repeat', () => {
  test('are created once each, although answers are lost and the process is killed twice', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['reset-after:0.1', '500:0.1'], seed: 5 });
    const text = numbered(upTo(150));
    const { cwd, input } = inFolder(text);
    const contacts = ['--api', 'contacts', ...QUICK];
    await killedAt(zoom, 50, ['apply', input, ...contacts, '--out', 'r'], { cwd, env });
    const resume = ['apply', input, ...contacts, '--resume', 'r'];
    await killedAt(zoom, 100, resume, { cwd, env: { ...env, ...aheadBy(61_000) } });
    let code: number | null = null;
    for (let round = 2; round < 10 && code !== 0; round += 1) {
      code = (await command(resume, { cwd, env: { ...env, ...aheadBy(round * 61_000) } })).code;
    }
    expect(code).toBe(0);
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), new Set());
    expect(zoom.created().length).toBe(150);
  }, 60_000);
});

describe('a file that was edited before the resume', () => {
  test('sorted, shortened and extended: only new and unprovisioned rows are sent', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(numbered(upTo(60)));
    await command(['apply', input, ...QUICK, '--out', 'r'], { cwd, env });
    const edited = numbered([...upTo(65)].reverse().filter((n) => n % 7 !== 0));
    writeFileSync(input, edited);
    const before = zoom.created().length;
    const done = await command(['apply', input, '--resume', 'r', ...QUICK], { cwd, env });
    expect(done).toMatchObject({ code: 0 });
    const made = zoom.created().slice(before);
    expect(made.map(({ name }) => name).sort()).toEqual([61, 62, 64, 65].map((n) => `Group ${n}`));
    const rows = expectEveryRowOnce(join(cwd, 'r'), edited);
    expectHonest(zoom, rows, new Set());
    expect(rows.every((row) => row.zoom__status === 'created')).toBe(true);
    expect(summary(join(cwd, 'r'))).toMatchObject({ carried_over: 60, counts: { created: 56 } });
    expect(done.stdout).toContain('60 rows done before this resume');
  });

  test('a row with other settings is reported as different, and not as created like that', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder('name,type\nA,normal\nB,normal\n');
    await command(['apply', input, '--out', 'r'], { cwd, env });
    writeFileSync(input, 'name,type\nA,shared\nB,normal\n');
    expect(await command(['apply', input, '--resume', 'r'], { cwd, env })).toMatchObject({ code: 0 });
    expect(results(join(cwd, 'r')).map((row) => [row.zoom__status, row.zoom__detail])).toEqual([
      ['already-provisioned', 'differs: type normal → shared'],
      ['created', ''],
    ]);
    expect(zoom.created().length).toBe(2);
  });

  test('a run with failed rows prints the command that sends them again, and provisioned ones are not sent', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['400:0.5'], seed: 3 });
    const text = numbered(upTo(40));
    const { cwd, input } = inFolder(text);
    const first = await command(['apply', input, '--out', 'r', ...QUICK], { cwd, env });
    expect(first).toMatchObject({ code: 1 });
    expect(first.stdout).toContain('To retry the rows that are not provisioned, run:');
    const next = findNextCommand(first.stdout) ?? 'false';
    const failed = results(join(cwd, 'r')).filter((row) => row.zoom__status === 'failed').length;
    expect(failed).toBeGreaterThan(5);
    const sent = zoom.requests().filter(({ method }) => method === 'POST').length;
    await runInShell(`${next} || true`, cwd, env);
    expect(zoom.requests().filter(({ method }) => method === 'POST').length - sent).toBe(failed);
    expect(summary(join(cwd, 'r')).carried_over).toBe(40 - failed);
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), new Set());
  });
});

test('a run is not resumed with its own failed.csv as input, which it would overwrite', async () => {
  const { zoom, env } = await startEmptyAccount({ faults: ['400:1'] });
  const { cwd, input } = inFolder(numbered(upTo(3)));
  await command(['apply', input, '--out', 'r', ...QUICK], { cwd, env });
  const sent = zoom.requests().length;
  symlinkSync('r/failed.csv', join(cwd, 'again.csv'));
  const before = readFileSync(join(cwd, 'r', 'failed.csv'));
  for (const path of ['r/failed.csv', 'again.csv']) {
    const refused = await command(['apply', path, '--resume', 'r', ...QUICK], { cwd, env });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(join('r', 'failed.csv'));
  }
  expect(zoom.requests().length).toBe(sent);
  expect(readFileSync(join(cwd, 'r', 'failed.csv'))).toEqual(before);
});

describe('the reports', () => {
  test('are made from the journal alone, byte for byte', async () => {
    const { env } = await startEmptyAccount({ faults: ['400:0.2', 'reset-after:0.1'], seed: 2 });
    const { cwd, input } = inFolder(
      `name;x\r\n${upTo(50)
        .map((n) => `Group ${n};"ä=${n}"`)
        .join('\r\n')}\r\nGroup 1;again`,
    );
    await command(['apply', input, '--out', 'r', ...QUICK], { cwd, env });
    const run = join(cwd, 'r');
    const first = reportBytes(run);
    expect(first['failed.csv']?.split('\r\n').length).toBeGreaterThan(3);
    rmSync(input);
    for (const file of readdirSync(run)) if (file !== 'journal.ndjson') rmSync(join(run, file));
    expect((await command(['report', 'r'], { cwd })).code).toBe(1);
    expect(reportBytes(run)).toEqual(first);
    const elsewhere = join(cwd, 'elsewhere');
    mkdirSync(join(elsewhere, 'r'), { recursive: true });
    copyFileSync(join(run, 'journal.ndjson'), join(elsewhere, 'r', 'journal.ndjson'));
    await command(['report', 'r'], { cwd: elsewhere });
    expect(reportBytes(join(elsewhere, 'r'))).toEqual(first);
  });

  test('of a journal that is damaged before its last line are refused, with the line and the byte', async () => {
    const { cwd, input } = inFolder(numbered(upTo(5)));
    await command(['apply', input, '--simulate', '--out', 'r'], { cwd });
    const path = join(cwd, 'r', 'journal.ndjson');
    const lines = readFileSync(path, 'utf8').split('\n');
    const at = Buffer.byteLength(`${lines.slice(0, 6).join('\n')}\n`);
    lines[6] = 'x';
    writeFileSync(path, lines.join('\n'));
    const refused = await command(['report', 'r'], { cwd });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`line 7, byte ${at}`);
  });
});
