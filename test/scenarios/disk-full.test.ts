/** What a user may rely on when the disk is full, or standard output and error cannot be written. */
// @module-tag slow
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Event, EventOf } from '../../src/events/event.js';
import { readJournal } from '../../src/journal/reader.js';
import { EXIT, type ExitCode, FatalError } from '../../src/model/stop.js';
import { CLI, command, folder } from '../support/command.js';
import { eventsOf } from '../support/events.js';
import { type Fault, faultyDisk } from '../support/faulty-disk.js';
import {
  expectEveryRowOnce,
  expectHonest,
  numbered,
  reportBytes,
  startEmptyAccount,
  upTo,
} from '../support/interrupted-run.js';
import { type Life, live, Watched } from '../support/watched-run.js';

const ROWS = 14;
const EXISTING = new Set(['Group 4', 'Group 9']);
const TEXT = numbered(upTo(ROWS));

/** The journal's events; undefined if the run ended before its first line was complete. */
async function eventsIn(run: string): Promise<readonly Event[] | undefined> {
  const events: Event[] = [];
  try {
    for (const batch of readJournal(run)) events.push(...batch);
    return events;
  } catch (error) {
    if (error instanceof FatalError && ['nothing-stored', 'usage'].includes(error.stop.reason))
      return undefined;
    throw error;
  }
}

/** The attempts of writes: what each has sent. */
function writesIn(events: readonly Event[]): readonly EventOf<'attempt'>[] {
  return eventsOf(events, 'attempt').filter(({ effect }) => effect === 'write');
}

/** What must hold after a process whose disk failed. */
async function expectNothingLost(run: string, zoom: Watched, { lost, code }: Life): Promise<void> {
  expect(zoom.unrecorded).toEqual([]);
  expect(eventsOf(lost, 'attempt')).toEqual([]);
  const events = await eventsIn(run);
  if (!events) return expect(zoom.sent).toEqual([]);
  const known = [...events, ...lost];
  const attempts = writesIn(events);
  expect(attempts.flatMap(({ rows }) => rows.map(({ name }) => name)).sort()).toEqual([...zoom.sent].sort());
  // Every response is in the journal, or was printed.
  const steps = new Set(attempts.map(({ step, n }) => `${step}.${n}`));
  const responses = eventsOf(known, 'reply').filter(({ step, n }) => steps.has(`${step}.${n}`));
  expect(responses.length).toBe(attempts.length);
  if (code === EXIT.ok) expect(lost).toEqual([]);
}

describe('a disk that fails at its n-th call, for every n until the run passes', () => {
  test.each(['refused', 'half'] as const)('%s: nothing is lost, and the run can be resumed', async (how) => {
    const codes = new Map<ExitCode, number>();
    let lostEvents = 0;
    for (let at = 1; ; at += 1) {
      const run = join(folder(), 'r');
      const zoom = new Watched(EXISTING);
      const faulty = faultyDisk({ at, how } satisfies Fault);
      const first = await live(run, TEXT, zoom, { disk: faulty.disk });
      const where = `${faulty.calls[at - 1]}, call ${at}`;
      if (!faulty.failed()) {
        expect(first).toMatchObject({ code: EXIT.ok, lost: [] });
        // Every n before has been tried, and there were enough of them to mean something.
        expect(at).toBeGreaterThan(ROWS * 3);
        break;
      }
      codes.set(first.code, (codes.get(first.code) ?? 0) + 1);
      lostEvents += first.lost.length;
      expect([EXIT.ok, EXIT.unwritable], where).toContain(first.code);
      if (first.code === EXIT.unwritable) expect(first.said, where).toMatch(/could not be written/);
      await expectNothingLost(run, zoom, first);

      const isEmpty = (await eventsIn(run)) === undefined;
      const again = isEmpty ? `${run}-2` : run;
      const second = await live(again, TEXT, zoom);
      expect(second, where).toMatchObject({ code: EXIT.ok, lost: [] });
      expect(new Set(zoom.groups.map(({ name }) => name)).size, where).toBe(zoom.groups.length);
      const statuses = expectEveryRowOnce(again, TEXT).map((row) => [row.name, row.zoom__status]);
      const wanted = upTo(ROWS).map((n) => `Group ${n}`);
      expect(statuses, where).toEqual(
        wanted.map((name) => [name, EXISTING.has(name) ? 'already-provisioned' : 'created']),
      );
      expect(
        readdirSync(again).filter((name) => name.endsWith('.part')),
        where,
      ).toEqual([]);
    }
    expect(codes.get(EXIT.unwritable)).toBeGreaterThan(ROWS * 2);
    expect(lostEvents).toBeGreaterThan(ROWS);
  }, 90_000);

  test('a disk that takes a few bytes at a time changes nothing', async () => {
    const run = join(folder(), 'r');
    const zoom = new Watched(EXISTING);
    const { disk } = faultyDisk({ at: 1, how: 'short' });
    expect(await live(run, TEXT, zoom, { disk })).toMatchObject({ code: EXIT.ok, lost: [] });
    const before = reportBytes(run);
    await command(['report', 'r'], { cwd: join(run, '..') });
    expect(reportBytes(run)).toEqual(before);
  });
});

/** A file system of 64 KiB, unmounted when the test is over; undefined if it cannot be mounted. */
function mountTinyDisk(): string | undefined {
  const path = folder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', [path]));
  return path;
}

describe('a run folder on a disk that is really full', () => {
  test('exit 6; what was in flight is on stderr; the run is resumed on a disk with room', async ({
    skip,
  }) => {
    const mounted = mountTinyDisk();
    if (mounted === undefined) return skip('only root may mount');
    const { zoom, env } = await startEmptyAccount({ latencyMs: 50 });
    const cwd = folder();
    const text = numbered(upTo(400));
    writeFileSync(join(cwd, 'in.csv'), text);
    const run = join(mounted, 'r');
    const args = ['apply', 'in.csv', '--account-plan', 'business', '--rate', '300'];
    const full = await command([...args, '--out', run], { cwd, env });
    expect(full.code).toBe(6);
    expect(full.stderr).toContain('no space left on device');
    expect(full.stdout + full.stderr).toContain(`--resume ${run}`);
    const lost = full.stderr.split('\n').filter((line) => line.startsWith('{"type":'));
    const events = lost.map((line) => JSON.parse(line) as Event);
    expect(eventsOf(events, 'reply').length).toBeGreaterThan(5);
    const known = [...((await eventsIn(run)) ?? []), ...events];
    const made = new Set(zoom.created().map(({ name }) => name));
    expect(new Set(writesIn(known).flatMap(({ rows }) => rows.map(({ name }) => name)))).toEqual(made);
    const outcomes = eventsOf(known, 'reply').flatMap(({ outcomes = [] }) => outcomes);
    expect(new Set(outcomes.map(({ name }) => name))).toEqual(made);
    const roomy = join(cwd, 'roomy');
    cpSync(run, roomy, { recursive: true });
    const done = await command([...args, '--resume', roomy], { cwd, env });
    expect(done).toMatchObject({ code: 0 });
    const rows = expectEveryRowOnce(roomy, text);
    expectHonest(zoom, rows, new Set());
    expect(new Set(rows.map((row) => row.zoom__status))).toEqual(new Set(['created']));
  });
});

/** Runs the command in a shell that redirects its standard output and error. */
function inShell(line: string, cwd: string, env: Readonly<Record<string, string>>): Promise<number | null> {
  const words = line.replaceAll('zoom-im-groups', `'${process.execPath}' '${CLI}'`);
  const child = spawn('/bin/bash', ['-c', words], {
    cwd,
    env: { PATH: process.env.PATH, XDG_STATE_HOME: join(cwd, '.state'), ...env },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  return new Promise((resolve) => child.on('close', resolve));
}

describe('standard output and error', () => {
  const apply = 'zoom-im-groups apply in.csv --account-plan business --out r';
  test.each([
    ['a reader that exits', `set -o pipefail; ${apply} --json 2>log | true; exit $PIPESTATUS`],
    ['a reader of one line', `${apply} --json 2>log | head -1; exit $PIPESTATUS`],
    ['a log reader that exits', `{ ${apply} --log-level trace --log-format json; } 2> >(true)`],
    ['standard output closed', `${apply} >&-`],
    ['standard error closed', `${apply} --log-level trace 2>&-`],
    ['both closed', `${apply} >&- 2>&-`],
    ['a full disk under standard output', `${apply} --json >/dev/full`],
    ['a full disk under the log', `${apply} --log-level trace --log-format json 2>/dev/full`],
  ])('%s: the run continues to its end', async (_, line) => {
    const { zoom, env } = await startEmptyAccount();
    const cwd = folder();
    const text = numbered(upTo(40));
    writeFileSync(join(cwd, 'in.csv'), text);
    expect(await inShell(line, cwd, env)).toBe(0);
    expect(zoom.created().length).toBe(40);
    expect(expectEveryRowOnce(join(cwd, 'r'), text).length).toBe(40);
  });

  test.each([
    ['export', 6],
    ['plan in.csv', 6],
    ['plan in.csv --detailed-exitcode', 1],
    ['plan in.csv --json', 6],
    ['validate in.csv', 6],
    ['validate in.csv --json', 6],
    ['report done --json', 6],
    ['completion bash', 6],
    // Its results are in the folder.
    ['apply in.csv --json --out r', 0],
    ['apply in.csv --out r', 0],
  ])('a full disk under the output of %s is reported, and ends with %i', async (args, code) => {
    const { env } = await startEmptyAccount();
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), 'name\nA\n');
    if (args.startsWith('report')) await command(['apply', 'in.csv', '--out', 'done'], { cwd, env });
    expect(await inShell(`zoom-im-groups ${args} >/dev/full 2>err`, cwd, env)).toBe(code);
    const stderr = readFileSync(join(cwd, 'err'), 'utf8');
    expect(stderr).toContain('standard output could not be written: no space left on device');
    expect(stderr).not.toContain('exported');
  });

  test('output that is cut off is reported if the disk has room for a part of it', async ({ skip }) => {
    const mounted = mountTinyDisk();
    if (mounted === undefined) return skip('only root may mount');
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), numbered(upTo(2000)));
    const line = 'zoom-im-groups plan in.csv --simulate --json >"$MOUNTED/plan.json" 2>err';
    expect(await inShell(line, cwd, { MOUNTED: mounted })).toBe(6);
    expect(readFileSync(join(cwd, 'err'), 'utf8')).toContain('standard output could not be written');
  });

  test.each([
    'export',
    'plan in.csv',
    'validate in.csv --json',
  ])('a reader of %s that exits is no error', async (args) => {
    const { env } = await startEmptyAccount();
    const cwd = folder();
    // More than a pipe holds before it is read.
    writeFileSync(join(cwd, 'in.csv'), `name,type\n${',x\n'.repeat(5_000)}`);
    const line = `zoom-im-groups ${args} 2>err | true; exit $PIPESTATUS`;
    expect(await inShell(line, cwd, env)).toBe(args === 'export' ? 0 : 2);
    expect(readFileSync(join(cwd, 'err'), 'utf8')).not.toContain('could not be written');
  });
});

describe('the exit code', () => {
  test('is 70 until a run has proven another, even if Node ends the process early', async () => {
    const { env } = await startEmptyAccount();
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), numbered(upTo(5)));
    // A disk whose sync never returns: nothing is left to wait for, and Node ends the process.
    const hook = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
      fs.fdatasync = () => undefined; syncBuiltinESMExports();`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
    const ended = await command(['apply', 'in.csv', '--out', 'r'], { cwd, env: { ...env, NODE_OPTIONS } });
    expect(ended.code).toBe(70);
    expect(existsSync(join(cwd, 'r', 'results.csv'))).toBe(false);
    expect(await command(['apply', 'in.csv', '--resume', 'r'], { cwd, env })).toMatchObject({ code: 0 });
  });

  test('stays 70 if more rows went in than came out', async () => {
    const run = join(folder(), 'r');
    await expect(live(run, TEXT, new Watched(EXISTING), { rows: ROWS + 1 })).rejects.toThrow(
      '15 rows went in and 14',
    );
  });
});
