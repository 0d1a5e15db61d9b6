import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';
import { FatalError } from '../../src/model/stop.js';
import { Peers, parseSaid, type Said } from '../../src/rate-limit/peers.js';
import { sharedPacer } from '../../src/rate-limit/redis-session.js';

const DIST = resolve(import.meta.dirname, '../../dist');
const PASSWORD = 'p@ss/w:rd';
const ACCOUNT = 'account-of-a-customer';

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CI === 'true') throw new Error('redis-server is missing: these tests must run in CI');
    console.warn('shared-limit: no redis-server on this machine, so nothing is tested against one');
    return false;
  }
}

const ended: (() => void)[] = [];
afterAll(() => {
  for (const end of ended) end();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

type Server = { readonly url: string; readonly process: ChildProcess };

async function redis(port?: number): Promise<Server> {
  const at = port ?? (await freePort());
  const settings = ['--port', `${at}`, '--bind', '127.0.0.1', '--save', '', '--requirepass', PASSWORD];
  const server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'ignore'], cwd: tmpdir() });
  ended.push(() => server.kill('SIGKILL'));
  await new Promise<void>((ready, fail) => {
    server.stdout.on('data', (text: Buffer) => text.includes('Ready to accept') && ready());
    server.on('exit', () => fail(new Error('redis-server ended')));
  });
  return { url: `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${at}`, process: server };
}

type Line = { readonly at: number; readonly what: string };
type Worker = { readonly lines: Line[]; readonly exit: Promise<number | null>; stderr: string };

/** A process of its own that takes turns with the built library, and prints when they came. */
function worker(url: string, turns: number, perSecond: number, more = ''): Worker {
  const code = `
    const print = (what) => console.log(JSON.stringify({ at: performance.timeOrigin + performance.now(), what }));
    ${more}
    const { sharedPacer } = await import('${DIST}/rate-limit/redis-session.js');
    const shared = await sharedPacer({
      url: process.env.REDIS, account: '${ACCOUNT}', perSecond: ${perSecond}, marginMs: 30,
      onTrouble: print, onBack: () => print('back'),
    });
    print('joined');
    let n = 0;
    const started = () => { print('turn'); n += 1; globalThis.onTurn?.(n, shared); };
    await Promise.all(Array.from({ length: ${turns} }, () => shared.turn().then(started)));
    await shared.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, REDIS: url },
  });
  ended.push(() => child.kill('SIGKILL'));
  let rest = '';
  const made: Worker = {
    lines: [],
    stderr: '',
    exit: new Promise((exited) => child.on('close', exited)),
  };
  child.stdout.on('data', (text: Buffer) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    made.lines.push(...lines.map((line) => JSON.parse(line) as Line));
  });
  child.stderr.on('data', (text: Buffer) => {
    made.stderr += text;
  });
  return made;
}

const turnsOf = (workers: readonly Worker[]): number[] =>
  workers
    .flatMap(({ lines }) => lines)
    .filter(({ what }) => what === 'turn')
    .map(({ at }) => at)
    .sort((a, b) => a - b);

/** How many a limiter over a sliding second would refuse. */
function refused(starts: readonly number[], limit: number): number {
  const admitted: number[] = [];
  for (const at of starts) if (!(at - (admitted.at(-limit) ?? 0) < 1_000)) admitted.push(at);
  return starts.length - admitted.length;
}

async function finish(workers: readonly Worker[]): Promise<number[]> {
  expect(await Promise.all(workers.map(({ exit }) => exit))).toEqual(workers.map(() => 0));
  expect(workers.map(({ stderr }) => stderr).join('')).toBe('');
  return turnsOf(workers);
}

const told = ({ lines }: Worker) => lines.map(({ what }) => what).filter((what) => what !== 'turn');

async function until(there: () => boolean): Promise<void> {
  while (!there()) await new Promise((again) => setTimeout(again, 20));
}

async function haltOf(opening: Promise<unknown>): Promise<FatalError> {
  const error = await opening.catch((reason: unknown) => reason);
  if (!(error instanceof FatalError)) throw new Error(`no Halt: ${String(error)}`);
  return error;
}

const options = (url: string) => ({
  url,
  account: ACCOUNT,
  perSecond: 50,
  marginMs: 30,
  onTrouble: () => undefined,
  onBack: () => undefined,
});

describe.skipIf(!hasRedis())('with a Redis', { concurrent: true }, () => {
  test('four processes keep together within one limit, and come near it', async () => {
    const { url } = await redis();
    const workers = [1, 2, 3, 4].map(() => worker(url, 60, 80));
    const starts = await finish(workers);
    expect(starts).toHaveLength(240);
    expect(refused(starts, 80)).toBeLessThanOrEqual(2);
    const seconds = ((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / 1_000;
    expect(240 / seconds / 80).toBeGreaterThan(0.5);
  });

  test('a pause that one process makes holds for all', async () => {
    const { url } = await redis();
    const pausing = `globalThis.onTurn = (n, shared) => { if (n === 20) { print('pause'); shared.pause(1_500); } };`;
    const workers = [worker(url, 50, 60, pausing), worker(url, 50, 60), worker(url, 50, 60)];
    const starts = await finish(workers);
    const from = workers[0]?.lines.find(({ what }) => what === 'pause')?.at ?? 0;
    expect(from).toBeGreaterThan(0);
    // The word of it takes its time; the end is the same for all.
    expect(starts.filter((at) => at > from + 300 && at < from + 1_450)).toEqual([]);
    expect(refused(starts, 60)).toBeLessThanOrEqual(2);
  });

  test('of different rates the lowest holds for all, until its process has left', async () => {
    const { url } = await redis();
    const fast = worker(url, 150, 60);
    await until(() => turnsOf([fast]).length > 10);
    const slow = worker(url, 20, 10);
    const starts = await finish([fast, slow]);
    const [from = 0, to = 0] = [slow.lines.find(({ what }) => what === 'joined')?.at, turnsOf([slow]).at(-1)];
    const together = starts.filter((at) => at > from + 1_000 && at < to);
    expect(refused(together, 10)).toBeLessThanOrEqual(1);
    // 150 turns at 10 a second would be 15 seconds.
    expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeLessThan(14_000);
  });

  test('clocks that are a minute apart do not matter', async () => {
    const { url } = await redis();
    const behind = 'const now = Date.now.bind(Date); Date.now = () => now() - 60_000;';
    const workers = [worker(url, 60, 60), worker(url, 60, 60, behind)];
    const starts = await finish(workers);
    expect(starts).toHaveLength(120);
    expect(refused(starts, 60)).toBeLessThanOrEqual(2);
  });

  test('Redis killed in mid-run and started again: every turn is granted, and it is told', async () => {
    const first = await redis();
    const workers = [worker(first.url, 170, 60), worker(first.url, 170, 60)];
    await until(() => turnsOf(workers).length > 40);
    first.process.kill('SIGKILL');
    await until(() => workers.every((one) => told(one).length === 2));
    await redis(Number(new URL(first.url).port));
    const starts = await finish(workers);
    expect(starts).toHaveLength(340);
    expect(refused(starts, 60)).toBeLessThanOrEqual(10);
    for (const one of workers) {
      expect(told(one)).toEqual([
        'joined',
        expect.stringMatching(/lost .* 30 a second, a share for each of 2, until it is back/),
        'back',
      ]);
    }
  });

  test('a Redis that does not answer any more keeps nobody waiting for ever', async () => {
    const { url, process: server } = await redis();
    const one = worker(url, 60, 40);
    await until(() => turnsOf([one]).length > 20);
    server.kill('SIGSTOP');
    const starts = await finish([one]);
    expect(starts).toHaveLength(60);
    expect(told(one)[1]).toMatch(/lost/);
  });

  test('a turn that is aborted rejects at once, and close refuses the others', async () => {
    const { url } = await redis();
    const shared = await sharedPacer({ ...options(url), perSecond: 0.1 });
    await shared.turn();
    const aborted = shared.turn(AbortSignal.timeout(10));
    await expect(aborted).rejects.toThrow('timeout');
    const waiting = shared.turn();
    waiting.catch(() => undefined);
    await shared.close();
    await expect(waiting).rejects.toThrow('closed');
  });

  test('what stays in Redis expires, and does not name the account', async () => {
    const { url } = await redis();
    const shared = await sharedPacer(options(url));
    await Promise.all([shared.turn(), shared.turn()]);
    await shared.close();
    await (await sharedPacer({ ...options(url), account: 'another' })).close();
    const client = new Redis(url);
    const keys = await client.keys('*');
    const lasting = await Promise.all(keys.map((key) => client.pttl(key)));
    await client.quit();
    expect(keys.length).toBeGreaterThan(2);
    expect(keys.join()).not.toContain(ACCOUNT);
    expect(lasting.every((ms) => ms > 0 && ms <= 700_000)).toBe(true);
  });

  test('a wrong password stops with exit 3, and no word of it', async () => {
    const { url } = await redis();
    const wrong = url.replace(encodeURIComponent(PASSWORD), encodeURIComponent(`${PASSWORD}!`));
    const halt = await haltOf(sharedPacer(options(wrong)));
    expect(halt.stop.exit).toBe(3);
    expect(halt.message).toMatch(/WRONGPASS/);
    const shown = JSON.stringify([halt.stop, halt.stack, halt.cause, Object.entries(halt)]);
    expect(shown).not.toContain(PASSWORD);
    expect(shown).not.toContain(encodeURIComponent(PASSWORD));
  });
});

describe('without a Redis', () => {
  test('nobody there stops with exit 3, and says where', async () => {
    const port = await freePort();
    const halt = await haltOf(
      sharedPacer(options(`redis://user:${PASSWORD}@127.0.0.1:${port}`.replace('/w', '%2Fw'))),
    );
    expect(halt.stop).toMatchObject({ exit: 3, reason: 'shared-limit' });
    expect(halt.message).toContain(`127.0.0.1:${port}`);
    expect(halt.message).toContain('ECONNREFUSED');
    expect(halt.message).not.toContain('p@ss');
  });

  test.each([
    'http://:geheim@host:6379',
    'redis:',
    'geheim',
    'redis//:geheim@x',
  ])('%s is no address', async (url) => {
    const halt = await haltOf(sharedPacer(options(url)));
    expect(halt.stop.exit).toBe(2);
    expect(JSON.stringify(halt.stop)).not.toContain('geheim');
  });

  test('without ioredis it says how to add it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'no-ioredis-'));
    ended.push(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(DIST, join(folder, 'dist'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    // An empty folder, so that no ioredis of a folder further up is found.
    mkdirSync(join(folder, 'node_modules/ioredis'), { recursive: true });
    symlinkSync(resolve(DIST, '../node_modules/bottleneck'), join(folder, 'node_modules/bottleneck'));
    const code = `const { sharedPacer } = await import('${folder}/dist/rate-limit/redis-session.js');
      await sharedPacer({ url: 'redis://127.0.0.1', account: 'a' }).catch(({ stop }) => console.log(JSON.stringify(stop)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
    expect(JSON.parse(stdout)).toMatchObject({ exit: 2, hint: 'Run: npm install ioredis@5' });
  });
});

describe('who is there', () => {
  const said = (from: string, minTimeMs: number, say: Said['say'] = 'here'): Said => ({
    from,
    say,
    minTimeMs,
    pauseMs: 0,
  });

  test('the slowest of all decides, as long as it is heard of', () => {
    const peers = new Peers(6_000);
    peers.hear(said('a', 13), 0);
    peers.hear(said('b', 26), 1_000);
    expect([peers.others(1_000), peers.slowest(13, 1_000)]).toEqual([2, 26]);
    peers.hear(said('a', 13), 5_000);
    expect([peers.others(7_001), peers.slowest(13, 7_001)]).toEqual([1, 13]);
  });

  test('whoever says goodbye is gone at once', () => {
    const peers = new Peers(6_000);
    peers.hear(said('b', 26), 0);
    peers.hear(said('b', 26, 'bye'), 1);
    expect([peers.others(1), peers.slowest(13, 1)]).toEqual([0, 13]);
  });

  test.each([
    '',
    '{',
    'null',
    '7',
    '{"from":"a"}',
    '{"from":"a","say":"sell","minTimeMs":1,"pauseMs":0}',
  ])('a message of somebody else is not listened to: %s', (text) => {
    expect(parseSaid(text)).toBeUndefined();
  });

  test('what one says is what the others hear', () => {
    expect(parseSaid(JSON.stringify(said('a', 13, 'pause')))).toEqual(said('a', 13, 'pause'));
  });
});
