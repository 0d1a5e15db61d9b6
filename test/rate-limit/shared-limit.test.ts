// @module-tag slow
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';
import { FatalError } from '../../src/model/stop.js';
import { type LimiterOptions, type Limiters, openLimiters } from '../../src/rate-limit/limiter.js';

const DIST = resolve(import.meta.dirname, '../../dist');
const PASSWORD = 'p@ss/w:rd';
const ACCOUNT = 'account-of-a-customer';

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CI === 'true') throw new Error('redis-server is missing: these tests must run in CI');
    console.warn('shared-limit: redis-server is not installed, so the tests that need one are skipped');
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

async function startRedis(port?: number): Promise<Server> {
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

type Line = { readonly at: number; readonly text: string };
type Worker = { readonly lines: Line[]; readonly exit: Promise<number | null>; stderr: string };

/** A process of its own that acquires slots with the built code, and prints when they were granted. */
function startWorker(url: string, slots: number, perSecond: number, setup = ''): Worker {
  const code = `
    const print = (text) => console.log(JSON.stringify({ at: performance.timeOrigin + performance.now(), text }));
    ${setup}
    const { openLimiters } = await import('${DIST}/rate-limit/limiter.js');
    const limiters = await openLimiters({
      sharedLimit: process.env.REDIS, account: '${ACCOUNT}', rateFor: () => ${perSecond},
      onTrouble: print, onRecovery: () => print('recovered'),
    });
    const limiter = await limiters.limiterFor('light');
    print('ready');
    await new Promise((go) => process.stdin.once('data', go));
    process.stdin.destroy();
    const { signal } = new AbortController();
    let n = 0;
    const slot = () => { print('slot'); n += 1; globalThis.onSlot?.(n, limiter); };
    await Promise.all(Array.from({ length: ${slots} }, () => limiter.acquire(signal).then(slot)));
    await limiters.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, REDIS: url },
  });
  ended.push(() => child.kill('SIGKILL'));
  let rest = '';
  const worker: Worker = { lines: [], stderr: '', exit: new Promise((exited) => child.on('close', exited)) };
  child.stdout.on('data', (text: Buffer) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    worker.lines.push(...lines.map((line) => JSON.parse(line) as Line));
  });
  child.stderr.on('data', (text: Buffer) => {
    worker.stderr += text;
  });
  starters.set(worker, () => child.stdin.write('go\n'));
  return worker;
}

const starters = new Map<Worker, () => void>();

/** Lets them begin when all have joined the limit. */
async function begin(...workers: readonly Worker[]): Promise<readonly Worker[]> {
  await until(() => workers.every(({ lines }) => lines.length > 0));
  for (const worker of workers) starters.get(worker)?.();
  return workers;
}

const slotsOf = (workers: readonly Worker[]): number[] =>
  workers
    .flatMap(({ lines }) => lines)
    .filter(({ text }) => text === 'slot')
    .map(({ at }) => at)
    .sort((a, b) => a - b);

/** How many a limiter over a sliding second would refuse. */
function refusals(starts: readonly number[], limit: number): number {
  const admitted: number[] = [];
  for (const at of starts) if (!(at - (admitted.at(-limit) ?? 0) < 1_000)) admitted.push(at);
  return starts.length - admitted.length;
}

const shareOf = (starts: readonly number[], perSecond: number): number =>
  (starts.length - 1) / (((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / 1_000) / perSecond;

async function finish(workers: readonly Worker[]): Promise<number[]> {
  const exits = await Promise.all(workers.map(({ exit }) => exit));
  expect(workers.map(({ stderr }) => stderr).join('')).toBe('');
  expect(exits).toEqual(workers.map(() => 0));
  return slotsOf(workers);
}

const messagesOf = ({ lines }: Worker) => lines.map(({ text }) => text).filter((text) => text !== 'slot');

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((again) => setTimeout(again, 20));
}

const opened: Limiters[] = [];
afterAll(() => Promise.all(opened.map((limiters) => limiters.close())));

async function open(url: string, options: Partial<LimiterOptions> = {}): Promise<Limiters> {
  const limiters = await openLimiters({
    sharedLimit: url,
    account: ACCOUNT,
    rateFor: () => 50,
    onTrouble: () => undefined,
    onRecovery: () => undefined,
    ...options,
  });
  opened.push(limiters);
  return limiters;
}

async function stopOf(opening: Promise<unknown>): Promise<FatalError> {
  const error = await opening.catch((reason: unknown) => reason);
  if (!(error instanceof FatalError)) throw new Error(`not a FatalError: ${String(error)}`);
  return error;
}

const never = new AbortController().signal;

// Another program on the machine can delay a request; a wrong limiter fails every time.
describe.skipIf(!hasRedis())('with Redis', { retry: 2 }, () => {
  test('four processes reach 90% of one limit of 80/s, with at most 1% over it in any second', async () => {
    const { url } = await startRedis();
    const workers = await begin(...[1, 2, 3, 4].map(() => startWorker(url, 80, 80)));
    const starts = await finish(workers);
    expect(starts).toHaveLength(320);
    const over = refusals(starts, 80);
    console.info(
      `four processes: ${(100 * shareOf(starts, 80)).toFixed(1)}% of 80/s, ${over} of 320 over it`,
    );
    expect(shareOf(starts, 80)).toBeGreaterThanOrEqual(0.9);
    expect(over).toBeLessThanOrEqual(3);
  });

  test('a lower rate that one process learns holds for all', async () => {
    const { url } = await startRedis();
    const slowing =
      'globalThis.onSlot = (n, limiter) => { if (n === 10) { print("slower"); limiter.setRate(10); } };';
    const workers = await begin(startWorker(url, 25, 60, slowing), startWorker(url, 40, 60));
    const starts = await finish(workers);
    const from = workers[0]?.lines.find(({ text }) => text === 'slower')?.at ?? 0;
    const together = starts.filter((at) => at > from + 200 && at < from + 2_200);
    expect(together.length).toBeGreaterThan(10);
    expect(together.length).toBeLessThanOrEqual(24);
  });

  test('wall clocks that are a minute apart do not matter', async () => {
    const { url } = await startRedis();
    const behind = 'const now = Date.now.bind(Date); Date.now = () => now() - 60_000;';
    const starts = await finish(await begin(startWorker(url, 60, 60), startWorker(url, 60, 60, behind)));
    expect(starts).toHaveLength(120);
    expect(refusals(starts, 60)).toBeLessThanOrEqual(2);
  });

  test('Redis is killed under load and started again: each process goes on at its share, and says so', async () => {
    const first = await startRedis();
    const workers = await begin(startWorker(first.url, 200, 60), startWorker(first.url, 200, 60));
    await until(() => slotsOf(workers).length > 70);
    first.process.kill('SIGKILL');
    await until(() => workers.every((worker) => messagesOf(worker).length === 2));
    const lostAt = performance.timeOrigin + performance.now();
    await new Promise((over) => setTimeout(over, 1_500));
    const alone = slotsOf(workers).filter((at) => at > lostAt).length;
    await startRedis(Number(new URL(first.url).port));
    const starts = await finish(workers);
    console.info(
      `Redis killed: ${alone} in 1.5 s alone at 60/s, ${refusals(starts, 60)} of 400 over the limit`,
    );
    expect(starts).toHaveLength(400);
    expect(alone).toBeGreaterThan(60);
    expect(refusals(starts, 60)).toBeLessThanOrEqual(8);
    for (const worker of workers) {
      expect(messagesOf(worker)).toEqual([
        'ready',
        expect.stringMatching(/out of reach .* light 30 requests\/s \(2 processes\)$/),
        'recovered',
      ]);
    }
  });

  test('a Redis that does not answer any more keeps nothing waiting for ever', async () => {
    const { url, process: server } = await startRedis();
    const [worker] = await begin(startWorker(url, 60, 40));
    if (!worker) throw new Error('no worker');
    await until(() => slotsOf([worker]).length > 20);
    server.kill('SIGSTOP');
    expect(await finish([worker])).toHaveLength(60);
    expect(messagesOf(worker)[1]).toMatch(/out of reach/);
  });

  test('an aborted request rejects at once, and close rejects the others', async () => {
    const { url } = await startRedis();
    const limiters = await open(url, { rateFor: () => 0.1 });
    const limiter = await limiters.limiterFor('light');
    await limiter.acquire(never);
    await expect(limiter.acquire(AbortSignal.timeout(10))).rejects.toThrow('timeout');
    const waiting = limiter.acquire(never);
    waiting.catch(() => undefined);
    await limiters.close();
    await expect(waiting).rejects.toThrow('closed');
  });

  test('each label has a limit of its own, and a new run replaces the rate of an earlier one', async () => {
    const { url } = await startRedis();
    const earlier = await open(url, { rateFor: () => 0.1 });
    await (await earlier.limiterFor('heavy')).acquire(never);
    await earlier.close();
    const limiters = await open(url, { rateFor: (label) => (label === 'heavy' ? 0.1 : 100) });
    const [light, heavy] = await Promise.all([limiters.limiterFor('light'), limiters.limiterFor('heavy')]);
    const waiting = heavy.acquire(never);
    waiting.catch(() => undefined);
    const from = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => light.acquire(never)));
    expect(performance.now() - from).toBeLessThan(2_000);
    await limiters.close();
  });

  test('what stays in Redis expires, and does not name the account', async () => {
    const { url } = await startRedis();
    const limiters = await open(url);
    const limiter = await limiters.limiterFor('light');
    await Promise.all([limiter.acquire(never), limiter.acquire(never)]);
    await limiters.close();
    const client = new Redis(url);
    const keys = await client.keys('*');
    const lasting = await Promise.all(keys.map((key) => client.pttl(key)));
    await client.quit();
    expect(keys.length).toBeGreaterThan(2);
    expect(keys.join()).not.toContain(ACCOUNT);
    expect(lasting.every((ms) => ms > 0 && ms <= 700_000)).toBe(true);
  });

  test('a wrong password stops with exit 4 and is not shown', async () => {
    const { url } = await startRedis();
    const wrong = url.replace(encodeURIComponent(PASSWORD), encodeURIComponent(`${PASSWORD}!`));
    const error = await stopOf(open(wrong));
    expect(error.stop).toMatchObject({ exit: 4, reason: 'shared-limit' });
    expect(error.message).toMatch(/WRONGPASS/);
    const shown = JSON.stringify([error.stop, error.stack, error.cause, Object.entries(error)]);
    expect(shown).not.toContain(PASSWORD);
    expect(shown).not.toContain(encodeURIComponent(PASSWORD));
  });
});

describe('without Redis', () => {
  test('an address where nothing listens stops with exit 4 and is named', async () => {
    const port = await freePort();
    const error = await stopOf(open(`redis://user:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`));
    expect(error.stop).toMatchObject({ exit: 4, reason: 'shared-limit' });
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).not.toContain('p%40ss');
  });

  test.each([
    'http://:geheim@host:6379',
    'redis:',
    'geheim',
    'redis//:geheim@x',
  ])('%s is no Redis URL', async (url) => {
    const error = await stopOf(open(url));
    expect(error.stop.exit).toBe(2);
    expect(JSON.stringify(error.stop)).not.toContain('geheim');
  });

  test('without ioredis it says how to install it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'no-ioredis-'));
    ended.push(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(DIST, join(folder, 'dist'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    // An empty folder, so that no ioredis of a folder further up is found.
    mkdirSync(join(folder, 'node_modules/ioredis'), { recursive: true });
    symlinkSync(resolve(DIST, '../node_modules/bottleneck'), join(folder, 'node_modules/bottleneck'));
    const code = `const { openLimiters } = await import('${folder}/dist/rate-limit/limiter.js');
      const options = { sharedLimit: 'redis://127.0.0.1', account: 'a', rateFor: () => 1 };
      await openLimiters(options).catch(({ stop }) => console.log(JSON.stringify(stop)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
    expect(JSON.parse(stdout)).toMatchObject({ exit: 2, hint: 'Run: npm install ioredis@5' });
  });
});
