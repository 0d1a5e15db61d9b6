// @module-tag slow
import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openLimiters } from '../../src/rate-limit/limiter.js';
import { type Limiter, LocalLimiter } from '../../src/rate-limit/local-limiter.js';
import { windowFor } from '../../src/rate-limit/slot-queue.js';
import { startArrivalServer } from './arrival-server.js';

const open: Limiter[] = [];
const never = new AbortController().signal;
afterAll(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function limiterOf(perSecond: number): Limiter {
  const limiter = new LocalLimiter(perSecond);
  open.push(limiter);
  return limiter;
}

/** Acquires so many slots at once; when they were granted, as they are. */
function acquire(
  limiter: Limiter,
  n: number,
  starts: number[] = [],
): { starts: number[]; all: Promise<unknown> } {
  const one = () => limiter.acquire(never).then(() => void starts.push(performance.now()));
  return { starts, all: Promise.all(Array.from({ length: n }, one)) };
}

/** How often a start came while as many others as the limit were younger than a second. */
function violations(starts: readonly number[], limit: number, from = 0): number {
  return starts.filter((at, i) => i >= from && at - (starts[i - limit] ?? Number.NEGATIVE_INFINITY) < 1_000)
    .length;
}

/** The most starts that any window of that length saw. */
function most(starts: readonly number[], windowMs: number): number {
  return Math.max(...starts.map((from) => starts.filter((at) => at >= from && at < from + windowMs).length));
}

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

async function until(there: () => boolean): Promise<void> {
  while (!there()) await sleep(5);
}

describe.concurrent('the limit', () => {
  test('30 requests/s are never more than 30 in any second, and not half of it', async () => {
    const from = performance.now();
    const { starts, all } = acquire(limiterOf(30), 90);
    await all;
    expect(violations(starts, 30)).toBe(0);
    expect(performance.now() - from).toBeLessThan(6_000);
  });

  test('requests are evenly spaced, from the first one on', async () => {
    const { starts, all } = acquire(limiterOf(40), 30);
    await all;
    // Eight are due in 200 ms; together they would be 30.
    expect(most(starts, 200)).toBeLessThanOrEqual(14);
  });

  test('the first requests, which open connections, count 250 ms later', async () => {
    const { starts, all } = acquire(limiterOf(20), 24);
    await all;
    expect((starts[20] ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(1_250);
  });

  test('idle time is not caught up on', async () => {
    const limiter = limiterOf(40);
    await acquire(limiter, 5).all;
    await sleep(600);
    const { starts, all } = acquire(limiter, 24);
    await all;
    expect(most(starts, 200)).toBeLessThanOrEqual(14);
  });

  test('a slower rate holds from now on, and counts what has started', async () => {
    const limiter = limiterOf(40);
    const { starts, all } = acquire(limiter, 45);
    await until(() => starts.length >= 30);
    limiter.setRate(10);
    const from = starts.length;
    await all;
    expect(violations(starts, 10, from)).toBe(0);
  });

  test('a faster rate holds from now on', async () => {
    const limiter = limiterOf(2);
    const { starts, all } = acquire(limiter, 40);
    await until(() => starts.length >= 2);
    limiter.setRate(50);
    await all;
    expect(violations(starts, 50)).toBe(0);
    // At the old rate it would have been 19 seconds.
    expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeLessThan(8_000);
  });

  test('padding makes the second longer', async () => {
    const limiter = limiterOf(10);
    limiter.setWindowPadding(500);
    const { starts, all } = acquire(limiter, 16);
    await all;
    expect(starts.slice(10).every((at, i) => at - (starts[i] ?? at) >= 1_450)).toBe(true);
  });

  test('any rate, whole or not, is kept on the average of its window', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 500, noNaN: true }), (perSecond) => {
        const { starts, ms } = windowFor(perSecond, 0);
        expect(Number.isInteger(starts) && starts >= 1).toBe(true);
        expect((starts / ms) * 1_000).toBeCloseTo(perSecond, 6);
      }),
    );
  });

  test.each([
    [80, 30, 80, 1_030],
    [4, 0, 4, 1_000],
    [0.5, 0, 1, 2_000],
    [2.5, 100, 2, 900],
  ])('%d requests/s with a padding of %d ms are %d in %d ms', (perSecond, paddingMs, starts, ms) => {
    expect(windowFor(perSecond, paddingMs)).toEqual({ starts, ms });
  });
});

describe('a busy machine', () => {
  test('the limit holds while the event loop is blocked for 200 ms now and then', async () => {
    const { starts, all } = acquire(limiterOf(30), 90);
    for (const n of [10, 25, 40, 41, 60]) {
      await until(() => starts.length >= n);
      block(200);
    }
    await all;
    expect(violations(starts, 30)).toBe(0);
  });
});

describe.concurrent('a pause', () => {
  test('holds for all requests, and no burst follows it', async () => {
    const limiter = limiterOf(40);
    const { starts, all } = acquire(limiter, 50);
    await until(() => starts.length >= 10);
    const before = starts.length;
    limiter.pause(700);
    const end = performance.now() + 700;
    await all;
    expect(starts.slice(before).every((at) => at >= end - 1)).toBe(true);
    expect(most(starts.slice(before), 200)).toBeLessThanOrEqual(14);
    expect(violations(starts, 40)).toBe(0);
  });

  test('of two pauses the later end counts, whichever came first', async () => {
    for (const pauses of [
      [400, 50],
      [50, 400],
    ]) {
      const limiter = limiterOf(100);
      for (const ms of pauses) limiter.pause(ms);
      const end = performance.now() + 400;
      const { starts, all } = acquire(limiter, 3);
      await all;
      expect(starts.every((at) => at >= end - 1)).toBe(true);
    }
  });
});

describe('aborting', () => {
  test('an aborted request rejects with the reason at once, and the others keep their places', async () => {
    const limiter = limiterOf(20);
    const stop = new AbortController();
    const order: string[] = [];
    const first = limiter.acquire(never).then(() => order.push('first'));
    const given = limiter.acquire(stop.signal).catch((reason: unknown) => order.push(String(reason)));
    const last = limiter.acquire(never).then(() => order.push('last'));
    await first;
    stop.abort('enough');
    await given;
    expect(order).toEqual(['first', 'enough']);
    await last;
    expect(order).toEqual(['first', 'enough', 'last']);
  });

  test('a run that stops does not wait for a pause', async () => {
    const limiter = limiterOf(20);
    limiter.pause(3_600_000);
    const stop = new AbortController();
    const all = Promise.allSettled(Array.from({ length: 50 }, () => limiter.acquire(stop.signal)));
    await sleep(20);
    stop.abort(new Error('stopped'));
    expect((await all).every((one) => one.status === 'rejected' && one.reason.message === 'stopped')).toBe(
      true,
    );
  });

  test('a signal that is aborted already rejects at once', async () => {
    await expect(limiterOf(20).acquire(AbortSignal.abort('too late'))).rejects.toBe('too late');
  });

  test('close rejects what waits, and what comes later', async () => {
    const limiter = limiterOf(1);
    const waiting = acquire(limiter, 5).all;
    waiting.catch(() => undefined);
    await limiter.close();
    await expect(waiting).rejects.toThrow('closed');
    await expect(limiter.acquire(never)).rejects.toThrow('closed');
  });
});

// Another program on the machine can delay a request; a wrong limiter fails every time.
test('one listener waits for an abort, whatever waits, and none is left by a closed limiter', async () => {
  const { signal } = new AbortController();
  const limiter = new LocalLimiter(1_000);
  await Promise.all(Array.from({ length: 20 }, () => limiter.acquire(signal)));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await limiter.close();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

describe('at a server', () => {
  // Zoom's light label on Pro and on Business.
  test.each([
    [30, 90],
    [80, 240],
  ])(
    '%i requests/s arrive, and never more in any second',
    { timeout: 15_000, retry: 2 },
    async (perSecond, n) => {
      const server = await startArrivalServer();
      const limiter = limiterOf(perSecond);
      const send = async () => {
        await limiter.acquire(never);
        await (await fetch(server.url)).arrayBuffer();
      };
      await Promise.all(Array.from({ length: n }, send));
      const arrivals = await server.close();
      expect(arrivals).toHaveLength(n);
      expect(violations(arrivals, perSecond)).toBe(0);
      const seconds = ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)) / 1_000;
      const share = (n - 1) / seconds / perSecond;
      console.info(`arrivals at ${perSecond}/s: ${(100 * share).toFixed(1)}% of the limit`);
      expect(share).toBeGreaterThan(0.9);
    },
  );
});

test('a wall clock that is set back does not stop the requests', async () => {
  const limiter = limiterOf(20);
  await acquire(limiter, 3).all;
  const now = Date.now;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  const from = performance.now();
  const { starts, all } = acquire(limiter, 25);
  await all;
  clock.mockRestore();
  expect(performance.now() - from).toBeLessThan(5_000);
  expect(violations(starts, 20)).toBe(0);
});

describe('limiters by label', () => {
  const limitersAt = (rates: Record<string, number>) =>
    openLimiters({
      rateFor: (label) => rates[label] ?? 1,
      account: 'a',
      onTrouble: () => undefined,
      onRecovery: () => undefined,
    });

  test('each label has one limiter with its own rate, which the others do not slow down', async () => {
    const limiters = await limitersAt({ light: 100, heavy: 0.1 });
    const [light, heavy] = await Promise.all([limiters.limiterFor('light'), limiters.limiterFor('heavy')]);
    expect(await limiters.limiterFor('light')).toBe(light);
    heavy.pause(60_000);
    const waiting = heavy.acquire(never);
    waiting.catch(() => undefined);
    const { starts, all } = acquire(light, 50);
    await all;
    expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeLessThan(3_000);
    await limiters.close();
    await expect(waiting).rejects.toThrow('closed');
  });
});

describe('the process', () => {
  const module = new URL('../../dist/rate-limit/local-limiter.js', import.meta.url).href;
  const node = (code: string) =>
    promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', `import { LocalLimiter } from '${module}';\n${code}`],
      { timeout: 20_000 },
    );

  test.each([
    ['closed in a pause', 0.05, 'limiter.pause(3_600_000); await wait(50); await limiter.close();'],
    ['closed while a slow request waits', 0.05, 'await wait(50); await limiter.close();'],
    ['left by all in a pause', 2, 'limiter.pause(3_600_000); await wait(50); stop.abort();'],
  ])('ends by itself, without output, after a limiter was %s', async (_, perSecond, code) => {
    const { stdout, stderr } = await node(`
      import { setTimeout as wait } from 'node:timers/promises';
      const limiter = new LocalLimiter(${perSecond});
      const stop = new AbortController();
      await limiter.acquire(stop.signal);
      for (let i = 0; i < 30; i += 1) limiter.acquire(stop.signal).catch(() => undefined);
      ${code}
      process.on('exit', () => console.log('exit'));`);
    expect(stdout).toBe('exit\n');
    expect(stderr).toBe('');
  });

  test('stays while a request waits', async () => {
    const { stdout } = await node(`
      const limiter = new LocalLimiter(5);
      const { signal } = new AbortController();
      for (let i = 0; i < 3; i += 1) limiter.acquire(signal).then(() => console.log('slot'));`);
    expect(stdout).toBe('slot\nslot\nslot\n');
  });
});
