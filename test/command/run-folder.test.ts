/** What a user may rely on of a run folder: one process at a time, and a journal that disappears is reported. */
// @module-tag slow
import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, folder, summary, type Transcript } from '../support/command.js';
import {
  expectEveryRowOnce,
  expectHonest,
  findNextCommand,
  inFolder,
  numbered,
  runUntil,
  startEmptyAccount,
  upTo,
} from '../support/interrupted-run.js';

/** Three seconds: long enough for a second process to start meanwhile, on a busy machine too. */
const SLOW = ['--rate', '20'];
const text = numbered(upTo(60));

describe('while a process works on a run', () => {
  test.each<readonly [string, readonly string[]]>([
    ['simulated', ['--simulate']],
    ['not simulated', []],
  ])('a second one that resumes it is refused with exit 5 (%s)', async (_, more) => {
    const { env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    let second: Transcript | undefined;
    const first = await command(['apply', input, '--out', 'r', ...SLOW, ...more], {
      cwd,
      env,
      onStart: async (child) => {
        const resume = ['apply', input, '--resume', 'r', ...SLOW, ...more];
        // Until the first has its folder, there is nothing to resume.
        do second = await command(resume, { cwd, env });
        while (second.code === 2);
        child.kill('SIGINT');
      },
    });
    expect(second).toMatchObject({ code: 5, stdout: '' });
    expect(second?.stderr).toMatch(/apply, process \d+/);
    expect(first).toMatchObject({ code: 130 });
    expectEveryRowOnce(join(cwd, 'r'), text);
  });

  test('report says that it is still running, and prints no command that resumes it', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    let report: Promise<Transcript> | undefined;
    const start = (): void => {
      report = command(['report', 'r'], { cwd });
    };
    const args = ['apply', input, '--out', 'r', ...SLOW];
    expect(await runUntil(zoom, 10, start, args, { cwd, env })).toMatchObject({ code: 0 });
    const early = await report;
    expect(early?.stderr).toContain('still');
    expect(early?.stdout).toMatch(/^Still running: /);
    expect(early?.stdout).not.toContain('killed');
    expect(findNextCommand(early?.stdout ?? '')).toBeUndefined();
    const later = await command(['report', 'r'], { cwd });
    expect(later).toMatchObject({ code: 0 });
    expect(later.stderr).not.toContain('still');
  });
});

describe('--state-dir', () => {
  test('is where runs of several users find each other’s locks', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    const shared = join(cwd, 'locks');
    const other = { ...env, XDG_STATE_HOME: folder() };
    let withShared: Transcript | undefined;
    let alone: Transcript | undefined;
    const args = ['apply', input, '--out', 'first', ...SLOW, '--state-dir', shared];
    await command(args, {
      cwd,
      env,
      onStart: (child) => {
        const timer = setInterval(async () => {
          if (zoom.created().length < 5) return;
          clearInterval(timer);
          const second = ['apply', input, '--out', 'second', ...SLOW];
          withShared = await command([...second, '--state-dir', shared], { cwd, env: other });
          alone = await command(['apply', input, '--out', 'third', '--limit', '1'], { cwd, env: other });
          child.kill('SIGINT');
        }, 5);
      },
    });
    expect(withShared).toMatchObject({ code: 5 });
    expect(alone?.code).not.toBe(5);
  });
});

describe('a journal that, in mid-run,', () => {
  const journal = (cwd: string): string => join(cwd, 'r', 'journal.ndjson');
  const losses: readonly (readonly [string, (cwd: string) => void])[] = [
    ['is deleted', (cwd) => rmSync(journal(cwd))],
    ['is renamed', (cwd) => renameSync(journal(cwd), `${journal(cwd)}.old`)],
    ['is truncated', (cwd) => truncateSync(journal(cwd), 100)],
    [
      'is replaced by another file',
      (cwd) => {
        rmSync(journal(cwd));
        writeFileSync(journal(cwd), '');
      },
    ],
  ];

  test.each(losses)('%s ends the run with 6, and standard error has what was done', async (_, lose) => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(numbered(upTo(300)));
    const args = ['apply', input, '--account-plan', 'business', '--rate', '100', '--out', 'r'];
    const done = await runUntil(zoom, 40, () => lose(cwd), args, { cwd, env });
    expect(done).toMatchObject({ code: 6, signal: null });
    expect(done.stderr).toContain(join('r', 'journal.ndjson'));
    expect(done.stderr).not.toMatch(/^\s+at /m);
    // It is noticed at the next sync, not at the end.
    expect(zoom.created().length).toBeLessThan(200);
    for (const { id, name } of zoom.created().slice(-5)) {
      expect(done.stderr, name).toContain(name);
      expect(done.stderr, name).toContain(id);
    }
    // A new run finds in Zoom what this one created.
    const fresh = ['apply', input, '--account-plan', 'business', '--rate', '300', '--out', 'again'];
    const made = zoom.created().map(({ name }) => name);
    expect(await command(fresh, { cwd, env })).toMatchObject({ code: 0 });
    const rows = expectEveryRowOnce(join(cwd, 'again'), numbered(upTo(300)));
    expectHonest(zoom, rows, new Set(made));
    expect(summary(join(cwd, 'again')).counts).toMatchObject({ 'already-provisioned': made.length });
  });
});
