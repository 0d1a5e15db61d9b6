/** What a user may rely on when an interrupted run is rolled back, or a rollback is interrupted. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/server.js';
import { command, file, folder, journal, results, summary } from '../support/command.js';
import { killedAt, numbered, startEmptyAccount, upTo } from '../support/interrupted-run.js';

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

test('the 1,000 heavy requests a day of a free plan are counted, and the run stops with 4', async () => {
  const { zoom, env } = await startEmptyAccount({ latencyMs: 0, accountPlan: 'free' });
  const cwd = folder();
  const args = ['apply', file(numbered(upTo(1_005))), '--api', 'contacts', '--account-plan', 'free'];
  const done = await command([...args, '--rate', '900', '--out', 'r'], { cwd, env });
  expect(done).toMatchObject({ code: 4 });
  expect(zoom.created().length).toBeLessThanOrEqual(1_000);
  expect(summary(join(cwd, 'r'))).toMatchObject({ exit: { code: 4, reason: 'daily-quota' } });
}, 60_000);
