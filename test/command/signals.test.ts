/** What a user may rely on of Ctrl-C, SIGTERM and SIGHUP, and of two runs on one account. */
// @module-tag slow
import type { ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { command, folder, journal, results, summary, type Transcript } from '../support/command.js';
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

/** Resolves when this is on the child's standard error. */
function waitForOutput(child: ChildProcess, words: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let output = '';
    child.stderr?.on('data', (piece: string) => {
      output += piece;
      if (words.test(output)) resolve();
    });
  });
}

/** The names whose create was sent. */
function namesSent(run: string): ReadonlySet<string | undefined> {
  return new Set(
    journal(run).flatMap((event) =>
      event.type === 'attempt' && event.effect === 'write' ? event.rows.map(({ name }) => name) : [],
    ),
  );
}

describe('the first signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: requests in flight are finished, reports are written, exit %i', async (name, code) => {
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
    const events = journal(run).map(({ type }) => type);
    expect(events.filter((type) => type === 'attempt').length).toBe(
      events.filter((type) => type === 'reply').length,
    );
    expect(events.at(-1)).toBe('end');
    const resumed = await command(['apply', input, ...QUICK, '--resume', 'r'], { cwd, env });
    expect(resumed).toMatchObject({ code: 0 });
    expectHonest(zoom, expectEveryRowOnce(run, text), new Set());
    expect(zoom.created().length).toBe(150);
  });

  test('ends a run that only waits at once', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['503:1'] });
    const { cwd, input } = inFolder(text);
    const done = await command(['apply', input, '--out', 'r', '--log-level', 'warn'], {
      cwd,
      env,
      onStart: async (child) => {
        // Every row waits for the outage to end, or for a slot after it.
        await waitForOutput(child, /paus/i);
        child.kill('SIGTERM');
      },
    });
    expect(done.code).toBe(143);
    expect(zoom.created()).toEqual([]);
    // A 503 may come although the group was created, and no listing can be taken any more.
    const sent = namesSent(join(cwd, 'r'));
    for (const { name, zoom__status: status } of expectEveryRowOnce(join(cwd, 'r'), text))
      expect(`${name} ${status}`).toBe(`${name} ${sent.has(name) ? 'unknown' : 'not-attempted'}`);
  });
});

describe('the second signal', () => {
  test('ends the process at once, and the journal has what was sent', async () => {
    const { zoom, env } = await startEmptyAccount({ faults: ['hang:1'], seed: 4 });
    const { cwd, input } = inFolder(text);
    // With a known body the creates need not wait for the answer to the first one.
    const killed = await command(['apply', input, ...QUICK, '--body', 'multipart', '--out', 'r'], {
      cwd,
      env,
      onStart: async (child) => {
        const timer = setInterval(() => {
          if (zoom.created().length < 10) return;
          clearInterval(timer);
          child.kill('SIGINT');
        }, 1);
        await waitForOutput(child, /again/);
        child.kill('SIGINT');
      },
    });
    expect(killed.signal).toBe('SIGINT');
    const run = join(cwd, 'r');
    expect((await command(['report', 'r'], { cwd })).code).toBe(130);
    const rows = expectEveryRowOnce(run, text);
    const sent = namesSent(run);
    for (const { name, zoom__status: status } of rows)
      expect(`${name} ${status}`).toBe(`${name} ${sent.has(name) ? 'unknown' : 'not-attempted'}`);
    // Some of them took effect without an answer; the resume finds each of them.
    const made = zoom.created().length;
    expect(made).toBeGreaterThan(5);
    await zoom.close();
    const port = Number(new URL(zoom.url).port);
    const next = await startEmptyAccount({ groups: zoom.groups(), port, token: zoom.token });
    const resumed = await command(['apply', input, ...QUICK, '--resume', 'r'], { cwd, env });
    expect(resumed).toMatchObject({ code: 0 });
    expect(next.zoom.created().length).toBe(150 - made);
    const found = expectEveryRowOnce(run, text);
    expect(found.filter((row) => row.zoom__detail === 'recovered').length).toBe(made);
    expect(new Set(found.map((row) => row.zoom__status))).toEqual(new Set(['created']));
  });
});

describe('two runs on one account', () => {
  test('the second is refused with exit 5, and learns which process holds the account', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    let second: Promise<Transcript> | undefined;
    let pid: number | undefined;
    const startSecond = (child: ChildProcess): void => {
      pid = child.pid;
      second = command(['apply', input, '--out', 'second'], { cwd, env });
      void second.then(() => child.kill('SIGINT'));
    };
    const args = ['apply', input, '--rate', '10', '--out', 'first'];
    expect((await runUntil(zoom, 5, startSecond, args, { cwd, env })).code).toBe(130);
    const refused = await second;
    expect(refused?.code).toBe(5);
    for (const text of [`apply, process ${pid} on ${hostname()}`, join(cwd, 'first'), '--lock-timeout'])
      expect(refused?.stderr).toContain(text);
    expect(refused?.stderr).toMatch(/since \d{4}-\d\d-\d\dT/);
    expect(existsSync(join(cwd, 'second'))).toBe(false);
  });

  test('the second waits with --lock-timeout, and then finds everything that the first created', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    let second: Promise<Transcript> | undefined;
    const startSecond = (): void => {
      second = command(['apply', input, '--out', 'second', '--lock-timeout', '60'], { cwd, env });
    };
    const args = ['apply', input, ...QUICK, '--out', 'first'];
    expect(await runUntil(zoom, 5, startSecond, args, { cwd, env })).toMatchObject({ code: 0 });
    expect(await second).toMatchObject({ code: 0 });
    expect(zoom.created().length).toBe(150);
    expect(summary(join(cwd, 'second')).counts).toMatchObject({ created: 0, 'already-provisioned': 150 });
  });

  test('a resume that waits for a run to end continues from its end', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    await killedAt(zoom, 20, ['apply', input, ...QUICK, '--out', 'r'], { cwd, env });
    const resume = ['apply', input, ...QUICK, '--resume', 'r'];
    let second: Promise<Transcript> | undefined;
    const startSecond = (): void => {
      second = command([...resume, '--lock-timeout', '60'], { cwd, env });
    };
    expect(await runUntil(zoom, 30, startSecond, resume, { cwd, env })).toMatchObject({ code: 0 });
    expect(await second).toMatchObject({ code: 0 });
    expect(summary(join(cwd, 'r'))).toMatchObject({ counts: { created: 150 }, carried_over: 150 });
    expectHonest(zoom, expectEveryRowOnce(join(cwd, 'r'), text), new Set());
  });

  test('the lock of a killed run is taken over', async () => {
    const { zoom, env } = await startEmptyAccount();
    const { cwd, input } = inFolder(text);
    await killedAt(zoom, 20, ['apply', input, ...QUICK, '--out', 'first'], { cwd, env });
    const second = await command(['apply', input, ...QUICK, '--out', 'second'], { cwd, env });
    expect(second).toMatchObject({ code: 0 });
    expect(zoom.created().length).toBe(150);
  });

  test('simulated runs do not exclude each other', async () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), numbered(upTo(30)));
    const each = ['a', 'b'].map((out) => command(['apply', 'in.csv', '--simulate', '--out', out], { cwd }));
    for (const done of await Promise.all(each)) expect(done).toMatchObject({ code: 0 });
    for (const out of ['a', 'b']) expect(summary(join(cwd, out)).counts.created).toBe(30);
  });
});

test('SIGINT in a listing of 10,000 contact groups ends within two seconds', async () => {
  const groups = upTo(10_000).map((n) => ({ id: `c${n}`, name: `There ${n}` }));
  const { zoom, env } = await startEmptyAccount({ groups, latencyMs: 40 });
  const { cwd, input } = inFolder('name\nA\n');
  let signalled = 0;
  let requests = 0;
  const done = await command(['apply', input, '--api', 'contacts', '--out', 'r'], {
    cwd,
    env,
    onStart: (child) => {
      const timer = setInterval(() => {
        if (zoom.requests().length < 8) return;
        clearInterval(timer);
        signalled = performance.now();
        requests = zoom.requests().length;
        child.kill('SIGINT');
      }, 1);
    },
  });
  expect(performance.now() - signalled).toBeLessThan(2_000);
  expect(done).toMatchObject({ code: 130, signal: null });
  // The page in flight is the last one: the listing has 200 of them.
  expect(zoom.requests().length - requests).toBeLessThanOrEqual(1);
  expect(results(join(cwd, 'r')).map((row) => row.zoom__status)).toEqual(['not-attempted']);
  expect(summary(join(cwd, 'r')).exit).toMatchObject({ code: 130, reason: 'SIGINT' });
});

test('Ctrl-C in an export ends it, and does not speak of a resume that it has not', async () => {
  const { zoom, env } = await startEmptyAccount({ latencyMs: 300 });
  const stop = (child: ChildProcess): void => void child.kill('SIGINT');
  const onStart = (child: ChildProcess): void => {
    void vi
      .waitUntil(() => zoom.requests().length > 0, { timeout: 10_000, interval: 5 })
      .then(() => stop(child));
  };
  const done = await command(['export'], { env, onStart });
  expect(done).toMatchObject({ code: 130, signal: null, stdout: '' });
  expect(done.stderr).toContain('Run the command again.');
  expect(done.stderr).not.toContain('--resume');
});

test.each([
  'SIGHUP',
  'SIGINT',
  'SIGTERM',
])('the simulator ends with 0 at a %s as soon as it has printed its address', async (name) => {
  // The earliest moment: while the address is being written.
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
