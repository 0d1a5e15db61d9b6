/** What a user may rely on when the disk is full, or standard output and error lead nowhere. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Event } from '../../src/events/event.js';
import { readJournal } from '../../src/journal/reader.js';
import { EXIT, type ExitCode, FatalError } from '../../src/model/stop.js';
import { CLI, command, folder } from '../support/command.js';
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
const THERE = new Set(['Group 4', 'Group 9']);
const TEXT = numbered(upTo(ROWS));

/** The journal's events; undefined where the run ended before its first line was whole. */
async function eventsIn(run: string): Promise<readonly Event[] | undefined> {
  const events: Event[] = [];
  try {
    for await (const batch of readJournal(run)) events.push(...batch);
    return events;
  } catch (error) {
    if (error instanceof FatalError && ['journal-empty', 'usage'].includes(error.stop.reason))
      return undefined;
    throw error;
  }
}

/** What has to hold after a life on a disk that failed. */
async function expectNothingLost(run: string, zoom: Watched, { lost, code }: Life): Promise<void> {
  expect(zoom.unrecorded).toEqual([]);
  expect(lost.filter(({ e }) => e === 'attempt')).toEqual([]);
  const events = await eventsIn(run);
  if (!events) return expect(zoom.sent).toEqual([]);
  const known = [...events, ...lost];
  const attempted = events.flatMap((event) => (event.e === 'attempt' ? [event.name] : []));
  expect(attempted.sort()).toEqual([...zoom.sent].sort());
  // Every answer is in the journal, or was told.
  const answered = known.flatMap((event) => (event.e === 'reply' ? [event.key] : []));
  expect(answered.sort()).toEqual(zoom.sent.map((name) => name.toLowerCase()).sort());
  if (code === EXIT.ok) expect(lost).toEqual([]);
}

describe('a disk that fails at its n-th call, for every n until the run passes', () => {
  test.each(['refused', 'half'] as const)('%s: nothing is lost, and the run is gone on with', async (how) => {
    const codes = new Map<ExitCode, number>();
    let told = 0;
    for (let at = 1; ; at += 1) {
      const run = join(folder(), 'r');
      const zoom = new Watched(THERE);
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
      told += first.lost.length;
      expect([EXIT.ok, EXIT.unwritable], where).toContain(first.code);
      if (first.code === EXIT.unwritable) expect(first.said, where).toMatch(/could not be written/);
      await expectNothingLost(run, zoom, first);

      const isEmpty = (await eventsIn(run)) === undefined;
      const again = isEmpty ? `${run}-anew` : run;
      const second = await live(again, TEXT, zoom);
      expect(second, where).toMatchObject({ code: EXIT.ok, lost: [] });
      expect(new Set(zoom.groups.map(({ name }) => name)).size, where).toBe(zoom.groups.length);
      const statuses = expectEveryRowOnce(again, TEXT).map((row) => [row.name, row.zoom__status]);
      const wanted = upTo(ROWS).map((n) => `Group ${n}`);
      expect(statuses, where).toEqual(
        wanted.map((name) => [name, THERE.has(name) ? 'already-provisioned' : 'created']),
      );
      expect(
        readdirSync(again).filter((name) => name.endsWith('.part')),
        where,
      ).toEqual([]);
    }
    expect(codes.get(EXIT.unwritable)).toBeGreaterThan(ROWS * 2);
    expect(told).toBeGreaterThan(ROWS);
  }, 90_000);

  test('one that takes a few bytes at a time is as good as any', async () => {
    const run = join(folder(), 'r');
    const zoom = new Watched(THERE);
    const { disk } = faultyDisk({ at: 1, how: 'short' });
    expect(await live(run, TEXT, zoom, { disk })).toMatchObject({ code: EXIT.ok, lost: [] });
    const before = reportBytes(run);
    await command(['report', 'r'], { cwd: join(run, '..') });
    expect(reportBytes(run)).toEqual(before);
  });
});

/** Mounted within the test: what a skipped one has mounted nobody would take away. */
function mountedTiny(): string | undefined {
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
  test('exit 6; what was in flight is on stderr; it goes on where there is room', async ({ skip }) => {
    const mounted = mountedTiny();
    if (mounted === undefined)
      return skip('only root may mount; the disk that fails at its n-th call has to do');
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
    const lost = full.stderr.split('\n').filter((line) => line.startsWith('{"e":'));
    const events = lost.map((line) => JSON.parse(line) as Event);
    expect(events.filter(({ e }) => e === 'settled').length).toBeGreaterThan(5);
    const kept = (await eventsIn(run)) ?? [];
    const known = [...kept, ...events];
    const named = (e: string): readonly string[] =>
      known.flatMap((event) => (event.e === e && 'name' in event ? [event.name] : []));
    const made = zoom.created().map(({ name }) => name);
    expect(new Set(named('attempt'))).toEqual(new Set(made));
    expect(new Set(named('settled'))).toEqual(new Set(made));
    const roomy = join(cwd, 'roomy');
    cpSync(run, roomy, { recursive: true });
    const done = await command([...args, '--resume', roomy], { cwd, env });
    expect(done).toMatchObject({ code: 0 });
    const rows = expectEveryRowOnce(roomy, text);
    expectHonest(zoom, rows, new Set());
    expect(new Set(rows.map((row) => row.zoom__status))).toEqual(new Set(['created']));
  });
});

/** Runs the command with its standard output and error where a shell puts them. */
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
    ['a reader that went away', `set -o pipefail; ${apply} --json 2>log | true; exit $PIPESTATUS`],
    ['a reader of one line', `${apply} --json 2>log | head -1; exit $PIPESTATUS`],
    ['a log reader that went away', `{ ${apply} --log-level trace --log-format json; } 2> >(true)`],
    ['standard output closed', `${apply} >&-`],
    ['standard error closed', `${apply} --log-level trace 2>&-`],
    ['both closed', `${apply} >&- 2>&-`],
    ['a full disk under standard output', `${apply} --json >/dev/full`],
    ['a full disk under the log', `${apply} --log-level trace --log-format json 2>/dev/full`],
  ])('%s: the job goes on to its end', async (_, line) => {
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
  ])('a full disk under the output of %s is told, and ends with %i', async (args, code) => {
    const { env } = await startEmptyAccount();
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), 'name\nA\n');
    if (args.startsWith('report')) await command(['apply', 'in.csv', '--out', 'done'], { cwd, env });
    expect(await inShell(`zoom-im-groups ${args} >/dev/full 2>err`, cwd, env)).toBe(code);
    const said = readFileSync(join(cwd, 'err'), 'utf8');
    expect(said).toContain('standard output could not be written: no space left on device');
    expect(said).not.toContain('exported');
  });

  test('output is not cut off in silence where the disk has room for some of it', async ({ skip }) => {
    const mounted = mountedTiny();
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
  ])('a reader of %s that went away is none', async (args) => {
    const { env } = await startEmptyAccount();
    const cwd = folder();
    // More than a pipe takes before somebody reads.
    writeFileSync(join(cwd, 'in.csv'), `name,type\n${',x\n'.repeat(5_000)}`);
    const line = `zoom-im-groups ${args} 2>err | true; exit $PIPESTATUS`;
    expect(await inShell(line, cwd, env)).toBe(args === 'export' ? 0 : 2);
    expect(readFileSync(join(cwd, 'err'), 'utf8')).not.toContain('could not be written');
  });
});

describe('the exit code', () => {
  test('is 70 until a run has proven a better one, also where the process just runs dry', async () => {
    const { env } = await startEmptyAccount();
    const cwd = folder();
    writeFileSync(join(cwd, 'in.csv'), numbered(upTo(5)));
    // A disk whose sync never returns: nothing is left to wait for, and node ends the process.
    const dry = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
      fs.fdatasync = () => undefined; syncBuiltinESMExports();`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(dry)}`;
    const ended = await command(['apply', 'in.csv', '--out', 'r'], { cwd, env: { ...env, NODE_OPTIONS } });
    expect(ended.code).toBe(70);
    expect(existsSync(join(cwd, 'r', 'results.csv'))).toBe(false);
    expect(await command(['apply', 'in.csv', '--resume', 'r'], { cwd, env })).toMatchObject({ code: 0 });
  });

  test('stays 70 where more rows went in than came out', async () => {
    const run = join(folder(), 'r');
    await expect(live(run, TEXT, new Watched(THERE), { rows: ROWS + 1 })).rejects.toThrow(
      '15 rows went in and 14',
    );
  });
});
