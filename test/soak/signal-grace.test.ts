/** The grace period after a signal, which takes half a minute. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, journal, summary } from '../support/command.js';
import {
  expectEveryRowOnce,
  inFolder,
  numbered,
  startEmptyAccount,
  upTo,
} from '../support/interrupted-run.js';

test('after a signal, requests in flight are waited for 30 s and no longer; then the reports are written', async () => {
  const { zoom, env } = await startEmptyAccount({ faults: ['hang:1'] });
  const text = numbered(upTo(150));
  const { cwd, input } = inFolder(text);
  let signalled = 0;
  const args = ['apply', input, '--account-plan', 'business', '--body', 'multipart', '--out', 'r'];
  const done = await command(args, {
    cwd,
    env,
    onStart: (child) => {
      const timer = setInterval(() => {
        if (zoom.created().length < 10) return;
        clearInterval(timer);
        signalled = performance.now();
        child.kill('SIGTERM');
      }, 1);
    },
  });
  const waitedMs = performance.now() - signalled;
  expect(done.code).toBe(143);
  expect(waitedMs).toBeGreaterThan(29_000);
  expect(waitedMs).toBeLessThan(45_000);
  const run = join(cwd, 'r');
  const events = journal(run).map(({ type }) => type);
  expect(events.filter((type) => type === 'attempt').length).toBe(
    events.filter((type) => type === 'reply').length,
  );
  const rows = expectEveryRowOnce(run, text);
  expect(new Set(rows.map((row) => row.zoom__status))).toEqual(new Set(['unknown', 'not-attempted']));
  expect(summary(run).exit).toMatchObject({ code: 143, reason: 'SIGTERM' });
});
