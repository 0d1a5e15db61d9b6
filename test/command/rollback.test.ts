/** What a user may rely on when a run is taken back that was cut off, or when the taking back is. */
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
])('a run that was killed is taken back as far as it is known (%s)', async (api) => {
  const { zoom, env } = await startEmptyAccount(SLOW);
  const cwd = folder();
  const input = file(numbered(upTo(60)));
  const args = ['apply', input, '--api', api, '--account-plan', 'business', '--out', 'r'];
  expect(await killedAt(zoom, 15, args, { cwd, env })).toMatchObject({ signal: 'SIGKILL' });
  const known = journal(join(cwd, 'r')).flatMap(({ e, kind, groupId }) =>
    e === 'reply' && kind === 'done' ? [String(groupId)] : [],
  );
  expect(known.length).toBeGreaterThan(0);
  const done = await command(['rollback', 'r', '--yes', '--out', 'back'], { cwd, env });
  expect(done).toMatchObject({ code: 0 });
  const doubtful = zoom.created().filter(({ id }) => !known.includes(id));
  // What the journal has no answer for may be anybody's: it stays, like what was there before.
  expect(new Set(names(zoom))).toEqual(new Set([...THERE, ...doubtful].map(({ name }) => name)));
  expect(summary(join(cwd, 'back')).counts).toMatchObject({ deleted: known.length });
  expect(results(join(cwd, 'back')).length).toBe(known.length);
});

test('a rollback that was killed goes on with --resume, and deletes nothing twice', async () => {
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

test('of two runs the second takes back only its own', async () => {
  const { zoom, env } = await startEmptyAccount(SLOW);
  const cwd = folder();
  await command(['apply', file(numbered(upTo(5))), '--out', 'first'], { cwd, env });
  await command(['apply', file(numbered(upTo(9))), '--out', 'second'], { cwd, env });
  expect(await command(['rollback', 'second', '--yes'], { cwd, env })).toMatchObject({ code: 0 });
  expect(new Set(names(zoom))).toEqual(
    new Set(['Group 1', 'Group 2', 'Group 3', 'Group 4', 'Group 5', 'Group 40']),
  );
});

test('contact groups: a free plan’s thousand requests a day are counted, and the run stops with 4', async () => {
  const { zoom, env } = await startEmptyAccount({ latencyMs: 0, accountPlan: 'free' });
  const cwd = folder();
  const args = ['apply', file(numbered(upTo(1_005))), '--api', 'contacts', '--account-plan', 'free'];
  const done = await command([...args, '--rate', '900', '--out', 'r'], { cwd, env });
  expect(done).toMatchObject({ code: 4 });
  expect(zoom.created().length).toBeLessThanOrEqual(1_000);
  expect(summary(join(cwd, 'r'))).toMatchObject({ exit: { code: 4, reason: 'daily-budget' } });
}, 60_000);
