/** A run that is killed again and again, at random moments, until it is complete. */
import { existsSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { createRandom } from '../../src/simulator/faults.js';
import type { Simulator } from '../../src/simulator/server.js';
import { command, folder, type ResultRow, summary, type Transcript } from './command.js';
import { expectEveryRowOnce, numbered, startEmptyAccount, upTo } from './interrupted-run.js';

export type Ordeal = {
  readonly rows: number;
  readonly kills: number;
  readonly seed: number;
  readonly api: 'im' | 'contacts';
  /** Whether the journal's last bytes are lost after every second kill, as in a power cut. */
  readonly tears: boolean;
  /** Whether every tenth group exists with another setting, and is to be updated. */
  readonly update?: boolean;
  /** Whether listings show new groups late. */
  readonly lags?: boolean;
};

export type Survived = { readonly kills: number; readonly torn: number; readonly lives: number };

/** How late a listing shows new groups, if it lags. */
const LAG_MS = 1_000;

/** A process is killed after this time even if it creates no group. */
const LONGEST_LIFE_MS = 10_000;

/** Resumes after the last kill: rows whose attempts ran out are tried again. */
const LAST_TRIES = 6;

/**
 * Kills the command that many times while answers get lost, tears its journal now and then, and lets it end.
 * Expects every row once in the results then, no name created twice, and nothing reported that is not true.
 */
export async function survive(ordeal: Ordeal): Promise<Survived> {
  const { rows, kills, seed, api, tears, update = false, lags = false } = ordeal;
  const random = createRandom(seed);
  const randomBelow = (n: number): number => Math.floor(random() * n);
  const existing = upTo(rows).filter((n) => n % 10 === 3);
  const groups = existing.map((n) => ({
    id: `there-${n}`,
    name: `Group ${n}`,
    total_members: n % 20,
    type: update ? ('restricted' as const) : ('normal' as const),
  }));
  const faults = ['reset-after:0.03', '500:0.03', 'reset-before:0.02', 'no-id:0.02', 'cut-off:0.02'];
  const { zoom, env } = await startEmptyAccount({
    groups,
    faults: [...faults, ...(lags ? ['list-lag'] : [])],
    lagMs: LAG_MS,
    seed,
    latencyMs: 5,
  });
  const cwd = folder();
  const text = update
    ? numbered(upTo(rows)).replace('name', 'name,type').replace(/\d$/gm, '$&,normal')
    : numbered(upTo(rows));
  writeFileSync(join(cwd, 'in.csv'), text);
  const run = join(cwd, 'r');
  let processes = 0;
  const live = async (
    onStart: NonNullable<Parameters<typeof command>[1]>['onStart'],
  ): Promise<Transcript> => {
    const place = existsSync(join(run, 'journal.ndjson')) ? '--resume' : '--out';
    const shape = ['--api', api, ...(update ? ['--update'] : [])];
    const args = ['apply', 'in.csv', '--rate', '400', '--account-plan', 'business', ...shape, place, 'r'];
    processes += 1;
    // The later clock spares the process its wait, so the listing has to catch up before.
    if (lags && api === 'contacts') await setTimeout(LAG_MS);
    const later = startClockLater(processes * RESUME_WAIT_MS);
    return command(args, { cwd, env: { ...env, ...later }, ...(onStart ? { onStart } : {}) });
  };
  const survived = { kills: 0, torn: 0, lives: 0 };
  // Some processes end before they are killed.
  while (survived.kills < kills && survived.lives < kills * 3) {
    survived.lives += 1;
    const more = 1 + randomBelow(Math.ceil((1.6 * rows) / kills));
    const early = random() < 0.25 ? 100 + randomBelow(500) : LONGEST_LIFE_MS;
    const done = await live((child) => killLater(zoom, child.kill.bind(child, 'SIGKILL'), more, early));
    if (done.signal === 'SIGKILL') survived.kills += 1;
    else expectGoodEnd(done, run);
    if (done.signal === 'SIGKILL' && tears && survived.kills % 2 === 0 && tear(run, 1 + randomBelow(200)))
      survived.torn += 1;
  }
  expect(survived.kills).toBe(kills);
  let last = await live(undefined);
  for (let tries = 1; last.code !== 0 && tries < LAST_TRIES; tries += 1) last = await live(undefined);
  expect(last, `seed ${seed}`).toMatchObject({ code: 0 });
  const results = expectEveryRowOnce(run, numbered(upTo(rows)));
  expectTrue(zoom, results, new Set(existing.map((n) => `Group ${n}`)), update);
  const created = results.filter((row) => row.zoom__status === 'created').length;
  // A create in the journal is known to be this run's, even if its answer was lost.
  if (!tears) expect(created, `seed ${seed}`).toBe(rows - existing.length);
  expect(zoom.created().length, `seed ${seed}`).toBe(rows - existing.length);
  expect(summary(run).counts).toMatchObject({ failed: 0, unknown: 0, 'not-attempted': 0 });
  return survived;
}

/** What the results claim is what the simulator has. */
function expectTrue(
  zoom: Simulator,
  rows: readonly ResultRow[],
  existing: ReadonlySet<string>,
  update: boolean,
): void {
  const made = zoom.created();
  expect(new Set(made.map(({ name }) => name)).size).toBe(made.length);
  const groups = new Map(zoom.groups().map((group) => [group.name, group]));
  for (const { name = '', zoom__status: status, zoom__group_id: id } of rows) {
    const isExisting = existing.has(name);
    if (isExisting) expect(`${name} ${status}`).toBe(`${name} ${update ? 'updated' : 'already-provisioned'}`);
    // Contact groups are listed with a prefix before their id.
    if (id !== '') expect(`${name} ${id?.replace(/^'|^dir\./g, '')}`).toBe(`${name} ${groups.get(name)?.id}`);
    if (update) expect(`${name} ${groups.get(name)?.type}`).toBe(`${name} normal`);
  }
}

/** A resume waits for so long after the last lost request, if names may repeat: for Zoom to have processed it. */
const RESUME_WAIT_MS = 61_000;

/** Makes the wall clock of a command later, so that it need not wait; its monotonic clock and its timers don't change. */
function startClockLater(laterMs: number): Readonly<Record<string, string>> {
  const hook = `const { now } = Date; Date.now = () => now() + ${laterMs};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
}

/** Kills after so many more groups, or after so many ms. */
function killLater(zoom: Simulator, kill: () => void, more: number, afterMs: number): void {
  const from = zoom.created().length;
  const began = performance.now();
  const timer = setInterval(() => {
    if (zoom.created().length < from + more && performance.now() - began < afterMs) return;
    clearInterval(timer);
    kill();
  }, 1);
}

/** A process that was not killed ends with all rows provisioned, or with some to be tried again. */
function expectGoodEnd(done: Transcript, run: string): void {
  // Killed before its first line was complete, a run has sent nothing and can only be started again.
  if (done.code === 2 && /no (whole|complete) line/.test(done.stderr)) rmSync(run, { recursive: true });
  else expect([0, 1], done.stdout + done.stderr).toContain(done.code);
}

/** Cuts the last bytes off a journal, as a power cut may. */
function tear(run: string, bytes: number): boolean {
  const path = join(run, 'journal.ndjson');
  if (!existsSync(path)) return false;
  truncateSync(path, Math.max(0, statSync(path).size - bytes));
  return true;
}
