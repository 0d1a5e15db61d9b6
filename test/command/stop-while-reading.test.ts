/** A signal before anything is sent: while the input is read, a lock is awaited, or a plan or a review is made. */
// @module-tag slow
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Simulator } from '../../src/simulator/server.js';
import { CLI, command, file, folder, type Transcript } from '../support/command.js';
import { startTestSimulator } from '../support/simulator.js';

const GROUPS = [{ id: 'g-sales', name: 'Sales', members: ['user1', 'user2'] }];
const USERS = ['user1', 'user2'].map((id) => ({ id, email: `${id}@example.com`, status: 'active' as const }));

/** Sends the signal as soon as one more request than before has arrived, and waits for the command's end. */
async function stopAtRequest(
  zoom: Simulator,
  signal: NodeJS.Signals,
  args: readonly string[],
  given: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Transcript> {
  const before = zoom.requests().length;
  const onStart = (child: ChildProcess): void => {
    const isAsked = (): boolean => zoom.requests().length > before;
    void vi.waitUntil(isAsked, { timeout: 20_000, interval: 2 }).then(() => child.kill(signal));
  };
  return command(args, { ...given, onStart });
}

function findLocks(cwd: string): readonly string[] {
  const state = join(cwd, '.state/zoom-im-groups');
  return existsSync(state) ? readdirSync(state).filter((name) => name.endsWith('.lock')) : [];
}

const GROUPS_CSV = file('name\nA\nSales\n');
const MEMBERS_CSV = file('group,email\nSales,user1@example.com\n', 'members.csv');

describe.each<readonly [NodeJS.Signals, number, readonly string[]]>([
  ['SIGINT', 130, ['plan', GROUPS_CSV]],
  ['SIGTERM', 143, ['apply', GROUPS_CSV, '--dry-run']],
  ['SIGHUP', 129, ['members', MEMBERS_CSV, '--dry-run']],
  ['SIGINT', 130, ['members', MEMBERS_CSV, '--sync', '--yes', '--max-removals', '50%', '--out', 'r']],
  ['SIGTERM', 143, ['apply', GROUPS_CSV, '--checksum', '0'.repeat(64), '--out', 'r']],
  ['SIGINT', 130, ['rollback', 'made', '--yes', '--out', 'r']],
  ['SIGINT', 130, ['export']],
])('%s (exit %i) while %j reads', (signal, code, args) => {
  test.each([['--json'], []])('ends it as a stop, with %j', async (...json) => {
    const { zoom, env } = await startTestSimulator({ groups: GROUPS, users: USERS, latencyMs: 300 });
    const cwd = folder();
    const isRollback = args[0] === 'rollback';
    if (isRollback) await command(['apply', GROUPS_CSV, '--out', 'made'], { cwd, env });
    const writes = (): number => zoom.requests().filter(({ method }) => method !== 'GET').length;
    const before = writes();
    const more = args[0] === 'export' ? [] : json;
    const done = await stopAtRequest(zoom, signal, [...args, ...more], { cwd, env });
    expect(done).toMatchObject({ code, signal: null });
    if (more.length === 0) expect(done.stdout).toBe('');
    else expect(JSON.parse(done.stdout)).toMatchObject({ command: args[0], exit: { code, reason: signal } });
    expect(done.stderr).toMatch(
      /^zoom-im-groups: (interrupted|terminated|its terminal).*\nNothing was changed\./m,
    );
    expect(done.stderr).not.toMatch(/^ +at /m);
    expect(findLocks(cwd)).toEqual([]);
    expect(existsSync(join(cwd, 'r'))).toBe(false);
    expect(writes()).toBe(before);
  });
});

test('a plan whose request hangs ends within seconds of Ctrl-C', async () => {
  const { zoom, env } = await startTestSimulator({ faults: ['hang:1'] });
  const started = performance.now();
  const done = await stopAtRequest(zoom, 'SIGINT', ['plan', GROUPS_CSV], { cwd: folder(), env });
  expect(done).toMatchObject({ code: 130, signal: null });
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('Ctrl-C while it waits for a lock ends a run before it is begun', async () => {
  const { zoom, env } = await startTestSimulator({ latencyMs: 1_000 });
  const cwd = folder();
  const first = command(['apply', GROUPS_CSV, '--out', 'first'], { cwd, env });
  await vi.waitUntil(() => findLocks(cwd).length > 0, { timeout: 20_000, interval: 2 });
  const done = await command(['apply', GROUPS_CSV, '--json', '--lock-timeout', '60', '--out', 'second'], {
    cwd,
    env,
    onStart: (child) => {
      child.stderr?.on('data', (text: string) => {
        // Nothing is between this line and the lock.
        if (text.includes('Target: ')) setTimeout(() => child.kill('SIGINT'), 200);
      });
    },
  });
  expect(done).toMatchObject({ code: 130, signal: null });
  expect(JSON.parse(done.stdout)).toMatchObject({ command: 'apply', exit: { code: 130, reason: 'SIGINT' } });
  expect(existsSync(join(cwd, 'second'))).toBe(false);
  expect(await first).toMatchObject({ code: 0 });
  expect(zoom.created().map(({ name }) => name)).toContain('A');
});

test('Ctrl-C while standard input is open ends a plan with its JSON object', async () => {
  const env = { PATH: process.env.PATH, HOME: folder() };
  const child = spawn(process.execPath, [CLI, 'plan', '-', '--simulate', '--json'], { env });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  // More than a pipe holds: when all of it is written, the command reads.
  await new Promise((written) => child.stdin.write(`name\n${'A\n'.repeat(500_000)}`, written));
  child.kill('SIGINT');
  const code = await new Promise((ended) => child.on('close', ended));
  expect(code).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({ command: 'plan', exit: { code: 130, reason: 'SIGINT' } });
});
