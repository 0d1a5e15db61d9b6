/** What a user may rely on when an interrupted run is rolled back, or a rollback is interrupted. */
// @module-tag slow
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/server.js';
import { command, file, folder, journal, results, summary } from '../support/command.js';
import {
  findNextCommand,
  killedAt,
  numbered,
  runInShell,
  startEmptyAccount,
  upTo,
} from '../support/interrupted-run.js';

const THERE = [
  { id: 'kept-1', name: 'Group 3' },
  { id: 'kept-2', name: 'Group 40' },
];
const names = (zoom: Simulator): readonly string[] => zoom.groups().map(({ name }) => name);
const SLOW = { latencyMs: 20, accountPlan: 'business', groups: THERE } as const;

test.each([
  'im',
  'contacts',
])('of a run that was killed, the groups that its journal knows are deleted (%s)', async (api) => {
  const { zoom, env } = await startEmptyAccount(SLOW);
  const cwd = folder();
  const input = file(numbered(upTo(60)));
  const args = ['apply', input, '--api', api, '--account-plan', 'business', '--out', 'r'];
  expect(await killedAt(zoom, 15, args, { cwd, env })).toMatchObject({ signal: 'SIGKILL' });
  const known = journal(join(cwd, 'r')).flatMap((event) =>
    event.type === 'reply' ? (event.outcomes ?? []).flatMap(({ outcome }) => outcome.ids?.groupId ?? []) : [],
  );
  expect(known.length).toBeGreaterThan(0);
  const done = await command(['rollback', 'r', '--yes', '--out', 'back'], { cwd, env });
  expect(done).toMatchObject({ code: 0 });
  const doubtful = zoom.created().filter(({ id }) => !known.includes(id));
  // A group whose create has no answer in the journal may be another program's: it stays.
  expect(new Set(names(zoom))).toEqual(new Set([...THERE, ...doubtful].map(({ name }) => name)));
  expect(summary(join(cwd, 'back')).counts).toMatchObject({ deleted: known.length });
  expect(results(join(cwd, 'back')).length).toBe(known.length);
});

test('a rollback that was killed is resumed, and deletes nothing twice', async () => {
  const { zoom, env } = await startEmptyAccount({ ...SLOW, groups: [...THERE] });
  const cwd = folder();
  expect(await command(['apply', file(numbered(upTo(50))), '--out', 'r'], { cwd, env })).toMatchObject({
    code: 0,
  });
  const isDelete = ({ method }: { method: string }): boolean => method === 'DELETE';
  const deleted = () => zoom.requests().filter(isDelete);
  let timer: NodeJS.Timeout | undefined;
  const killed = await command(['rollback', 'r', '--yes', '--out', 'back'], {
    cwd,
    env,
    onStart: (child) => {
      timer = setInterval(() => deleted().length >= 10 && child.kill('SIGKILL'), 1);
    },
  });
  clearInterval(timer);
  expect(killed.signal).toBe('SIGKILL');
  expect(names(zoom).length).toBeGreaterThan(THERE.length);
  const done = await command(['rollback', 'r', '--yes', '--resume', 'back'], { cwd, env });
  expect(done).toMatchObject({ code: 0 });
  expect(names(zoom)).toEqual(THERE.map(({ name }) => name));
  expect(summary(join(cwd, 'back')).counts).toMatchObject({ deleted: 48 });
  expect(new Set(deleted().map(({ path }) => path)).size).toBe(deleted().length);
});

test('of two runs of one file, the rollback of the second deletes only what the second created', async () => {
  const { zoom, env } = await startEmptyAccount(SLOW);
  const cwd = folder();
  await command(['apply', file(numbered(upTo(5))), '--out', 'first'], { cwd, env });
  await command(['apply', file(numbered(upTo(9))), '--out', 'second'], { cwd, env });
  expect(await command(['rollback', 'second', '--yes'], { cwd, env })).toMatchObject({ code: 0 });
  expect(new Set(names(zoom))).toEqual(
    new Set(['Group 1', 'Group 2', 'Group 3', 'Group 4', 'Group 5', 'Group 40']),
  );
});

test.each(['im', 'contacts'])('each group is read right before it is deleted (%s)', async (api) => {
  const { zoom, env } = await startEmptyAccount();
  const cwd = folder();
  const args = ['apply', file(numbered(upTo(6))), '--api', api, '--out', 'r'];
  expect(await command(args, { cwd, env })).toMatchObject({ code: 0 });
  expect(await command(['rollback', 'r', '--yes'], { cwd, env })).toMatchObject({ code: 0 });
  const requests = zoom.requests().map(({ method, path }) => `${method} ${path}`);
  const deletes = requests.filter((request) => request.startsWith('DELETE '));
  expect(deletes).toHaveLength(6);
  for (const request of deletes) {
    const read = requests.indexOf(request.replace('DELETE', 'GET'));
    expect(read).toBeGreaterThanOrEqual(0);
    expect(read).toBeLessThan(requests.indexOf(request));
  }
  expect(zoom.groups()).toEqual([]);
});

test.each(['im', 'contacts'])('a group of unknown member count is kept (%s)', async (api) => {
  const first = await startEmptyAccount();
  const cwd = folder();
  const args = ['apply', file(numbered(upTo(3))), '--api', api, '--out', 'r'];
  expect(await command(args, { cwd, env: first.env })).toMatchObject({ code: 0 });
  await first.zoom.close();
  const port = Number(new URL(first.zoom.url).port);
  const groups = first.zoom.groups();
  const faults = ['no-member-count'];
  const { zoom, env } = await startEmptyAccount({ groups, port, token: first.zoom.token, faults });
  const done = await command(['rollback', 'r', '--yes', '--out', 'back'], { cwd, env });
  expect(done).toMatchObject({ code: 1 });
  expect(zoom.groups().length).toBe(3);
  expect(summary(join(cwd, 'back')).counts).toMatchObject({ deleted: 0, kept: 3 });
  for (const row of results(join(cwd, 'back'))) {
    expect(row).toMatchObject({
      zoom__status: 'kept',
      zoom__detail: 'Zoom does not say whether it has members',
    });
  }
});

test('a rollback that was interrupted prints the command that resumes it', async () => {
  const { zoom, env } = await startEmptyAccount(SLOW);
  const cwd = folder();
  expect(await command(['apply', file(numbered(upTo(40))), '--out', 'r'], { cwd, env })).toMatchObject({
    code: 0,
  });
  const undo = ['rollback', 'r', '--yes', '--rate', '60', '--out', 'back'];
  const stopped = await command(undo, {
    cwd,
    env,
    onStart: (child) => {
      const timer = setInterval(() => {
        if (!zoom.requests().some(({ method }) => method === 'DELETE')) return;
        clearInterval(timer);
        child.kill('SIGINT');
      }, 1);
    },
  });
  expect(stopped).toMatchObject({ code: 130, signal: null });
  expect(stopped.stderr).toContain(new URL(zoom.baseUrl).host);
  const next = findNextCommand(stopped.stdout) ?? 'false';
  expect(next).toMatch(/^zoom-im-groups rollback r --resume back .*--rate 60 --yes$/);
  await runInShell(next, cwd, env);
  expect(new Set(names(zoom))).toEqual(new Set(THERE.map(({ name }) => name)));
  expect(summary(join(cwd, 'back'))).toMatchObject({ counts: { deleted: 38 }, exit: { code: 0 } });
});

test('the 1,000 heavy requests a day of a free plan are counted, and the run stops with 4', async () => {
  const { zoom, env } = await startEmptyAccount({ latencyMs: 0, accountPlan: 'free' });
  const cwd = folder();
  const args = ['apply', file(numbered(upTo(1_005))), '--api', 'contacts', '--account-plan', 'free'];
  const done = await command([...args, '--rate', '900', '--out', 'r'], { cwd, env });
  expect(done).toMatchObject({ code: 4 });
  expect(zoom.created().length).toBeLessThanOrEqual(1_000);
  expect(summary(join(cwd, 'r'))).toMatchObject({ exit: { code: 4, reason: 'daily-quota' } });
}, 60_000);
