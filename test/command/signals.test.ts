/** What a user may rely on of Ctrl-C and its kin, and of two runs on one account. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, folder, journal, summary, type Transcript } from '../support/command.js';
import {
  expectEveryRowOnce,
  expectHonest,
  inFolder,
  killedAt,
  numbered,
  runUntil,
  startEmptyAccount,
  upTo,
} from '../support/interrupted-run.js';

const QUICK = ['--account-plan', 'business', '--rate', '200'];
const text = numbered(upTo(150));

/** Resolves when the child has said it on standard error. */
function heard(child: ChildProcess, words: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let said = '';
    child.stderr?.on('data', (piece: string) => {
      said += piece;
      if (words.test(said)) resolve();
    });
  });
}

describe('the first signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: what is in flight is finished, reports are written, exit %i', async (name, code) => {
    const { zoom, env } = await startEmptyAccount({ latencyMs: 100 });
    const { cwd, input } = inFolder(text);
    const stop = (child: ChildProcess): void => void child.kill(name);
    const done = await runUntil(zoom, 40, stop, ['apply', input, ...QUICK, '--out', 'r'], { cwd, env });
    expect(done).toMatchObject({ code, signal: null });
    expect(done.stderr).toMatch(/again: stops at once/);
    expect(done.stdout).toMatch(/To resume, run:\n\s+zoom-im-groups apply .*--resume r/);
    const run = join(cwd, 'r');
    expect(summary(run).exit).toMatchObject({ code, reason: name });
    expect(existsSync(join(run, 'report.html'))).toBe(true);
    const rows = expectEveryRowOnce(run, text);
    expectHonest(zoom, rows, new Set());
    const created = rows.filter((row) => row.zoom__status === 'created').length;
    expect(created).toBe(zoom.created().length);
    expect(created).toBeLessThan(150);
    expect(rows.filter((row) => row.zoom__status === 'not-attempted').length).toBe(150 - created);
    const events = journal(run).map(({ e }) => e);
    expect(events.filter((e) => e === 'attempt').length).toBe(events.filter((e) => e === 'reply').length);
    expect(events.at(-1)).toBe('end');
    const goOn = await command(['apply', input, ...QUICK, '--resume', 'r'], { cwd, env });
    expect(goOn).toMatchObject({ code: 0 });
    expectHonest(zoom, expectEveryRowOnce(run, text), new Set());
    expect(zoom.created().length).toBe(150);
  });

  test('ends a run at once that only waits', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['503:1'] });
    const { cwd, input } = inFolder(text);
    const done = await command(['apply', input, '--out', 'r', '--log-level', 'warn'], {
      cwd,
      env,
      onStart: async (child) => {
        // Everybody waits for an outage to end, or for a turn after it.
        await heard(child, /paus/i);
        child.kill('SIGTERM');
      },
    });
    expect(done.code).toBe(143);
    expect(zoom.created()).toEqual([]);
    // A 503 may come although the group was made: where one was met, nothing can tell any more.
    const sent = new Set(journal(join(cwd, 'r')).flatMap(({ e, name }) => (e === 'attempt' ? [name] : [])));
    for (const { name, zoom__status: status } of expectEveryRowOnce(join(cwd, 'r'), text))
      expect(`${name} ${status}`).toBe(`${name} ${sent.has(name) ? 'unknown' : 'not-attempted'}`);
  });
});

describe('the second signal', () => {
  test('ends the process at once, and the journal is true', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['hang:1'], seed: 4 });
    const { cwd, input } = inFolder(text);
    const killed = await command(['apply', input, ...QUICK, '--out', 'r'], {
      cwd,
      env,
      onStart: async (child) => {
        const timer = setInterval(() => {
          if (zoom.created().length < 10) return;
          clearInterval(timer);
          child.kill('SIGINT');
        }, 1);
        await heard(child, /again/);
        child.kill('SIGINT');
      },
    });
    expect(killed.signal).toBe('SIGINT');
    const run = join(cwd, 'r');
    expect((await command(['report', 'r'], { cwd })).code).toBe(130);
    const rows = expectEveryRowOnce(run, text);
    const sent = new Set(journal(run).flatMap(({ e, name }) => (e === 'attempt' ? [name] : [])));
    for (const { name, zoom__status: status } of rows)
      expect(`${name} ${status}`).toBe(`${name} ${sent.has(name) ? 'unknown' : 'not-attempted'}`);
    // Some of them took effect though nobody heard of it; each is found again.
    const made = zoom.created().length;
    expect(made).toBeGreaterThan(5);
    await zoom.close();
    const port = Number(new URL(zoom.url).port);
    const next = await startEmptyAccount({ groups: zoom.groups(), port, token: zoom.token });
    const goOn = await command(['apply', input, ...QUICK, '--resume', 'r'], { cwd, env });
    expect(goOn).toMatchObject({ code: 0 });
    expect(next.zoom.created().length).toBe(150 - made);
    const found = expectEveryRowOnce(run, text);
    expect(found.filter((row) => row.zoom__detail === 'recovered').length).toBe(made);
    expect(new Set(found.map((row) => row.zoom__status))).toEqual(new Set(['created']));
  });
});

describe('two runs on one account', () => {
  test('the second is turned away with exit 5, and told who holds the account', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    let second: Promise<Transcript> | undefined;
    let pid: number | undefined;
    const meet = (child: ChildProcess): void => {
      pid = child.pid;
      second = command(['apply', input, '--out', 'second'], { cwd, env });
      void second.then(() => child.kill('SIGINT'));
    };
    const args = ['apply', input, '--rate', '10', '--out', 'first'];
    expect((await runUntil(zoom, 5, meet, args, { cwd, env })).code).toBe(130);
    const away = await second;
    expect(away?.code).toBe(5);
    for (const told of [`apply, process ${pid} on ${hostname()}`, join(cwd, 'first'), '--lock-timeout'])
      expect(away?.stderr).toContain(told);
    expect(away?.stderr).toMatch(/since \d{4}-\d\d-\d\dT/);
    expect(existsSync(join(cwd, 'second'))).toBe(false);
  });

  test('the second waits with --lock-timeout, and then finds all that the first has made', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    let second: Promise<Transcript> | undefined;
    const meet = (): void => {
      second = command(['apply', input, '--out', 'second', '--lock-timeout', '60'], { cwd, env });
    };
    const args = ['apply', input, ...QUICK, '--out', 'first'];
    expect(await runUntil(zoom, 5, meet, args, { cwd, env })).toMatchObject({ code: 0 });
    expect(await second).toMatchObject({ code: 0 });
    expect(zoom.created().length).toBe(150);
    expect(summary(join(cwd, 'second')).counts).toMatchObject({ created: 0, 'already-provisioned': 150 });
  });

  test('who waits to go on with the run that is just going on, goes on from its end', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    await killedAt(zoom, 20, ['apply', input, ...QUICK, '--out', 'r'], { cwd, env });
    const goOn = ['apply', input, ...QUICK, '--resume', 'r'];
    let second: Promise<Transcript> | undefined;
    const meet = (): void => {
      second = command([...goOn, '--lock-timeout', '60'], { cwd, env });
    };
    expect(await runUntil(zoom, 30, meet, goOn, { cwd, env })).toMatchObject({ code: 0 });
    expect(await second).toMatchObject({ code: 0 });
    expect(summary(join(cwd, 'r'))).toMatchObject({ counts: { created: 150 }, carried_over: 150 });
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), new Set());
  });

  test('what a killed run holds is taken over', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    await killedAt(zoom, 20, ['apply', input, ...QUICK, '--out', 'first'], { cwd, env });
    const second = await command(['apply', input, ...QUICK, '--out', 'second'], { cwd, env });
    expect(second).toMatchObject({ code: 0 });
    expect(zoom.created().length).toBe(150);
  });

  test('simulated ones do not meet', async () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), numbered(upTo(30)));
    const each = ['a', 'b'].map((out) => command(['apply', 'in.csv', '--simulate', '--out', out], { cwd }));
    for (const done of await Promise.all(each)) expect(done).toMatchObject({ code: 0 });
    for (const out of ['a', 'b']) expect(summary(join(cwd, out)).counts.created).toBe(30);
  });
});

test.each([
  'SIGHUP',
  'SIGINT',
  'SIGTERM',
])('the stand-in ends well at a %s as soon as it tells its address', async (name) => {
  // The earliest that anybody could send it: while the address is being written.
  const early = `const { write } = process.stdout;
      process.stdout.write = (...given) => {
        process.kill(process.pid, '${name}');
        return write.apply(process.stdout, given);
      };`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(early)}`;
  const done = await command(['simulate'], { env: { NODE_OPTIONS } });
  expect(done).toMatchObject({ code: 0, signal: null });
  expect(done.stdout).toContain('ZOOM_BASE_URL');
});
