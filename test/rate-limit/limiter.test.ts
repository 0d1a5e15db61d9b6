import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type Pacer, pacer } from '../../src/rate-limit/limiter.js';
import { measureOf } from '../../src/rate-limit/sliding-window-queue.js';

const MARGIN_MS = 30;
const open: Pacer[] = [];
afterAll(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function paced(perSecond: number): Pacer {
  const made = pacer({ perSecond, marginMs: MARGIN_MS });
  open.push(made);
  return made;
}

/** Asks for so many turns at once; the times at which they came, as they come. */
function ask(turns: Pacer, n: number, starts: number[] = []): { starts: number[]; all: Promise<unknown> } {
  const one = () => turns.turn().then(() => void starts.push(performance.now()));
  return { starts, all: Promise.all(Array.from({ length: n }, one)) };
}

/** How often a start came while the limit's worth of others was younger than a second. */
function broken(starts: readonly number[], limit: number, from = 0): number {
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
  test('30 a second is never more than 30 in any second, and not half of it', async () => {
    const from = performance.now();
    const { starts, all } = ask(paced(30), 90);
    await all;
    expect(broken(starts, 30)).toBe(0);
    expect(performance.now() - from).toBeLessThan(6_000);
  });

  test('turns are evenly spaced, from the first one on', async () => {
    const { starts, all } = ask(paced(40), 30);
    await all;
    // Eight are due in 200 ms; together they would be 30.
    expect(most(starts, 200)).toBeLessThanOrEqual(14);
  });

  test('the first attempts, which open connections, are given time to arrive before the next second', async () => {
    const { starts, all } = ask(paced(20), 24);
    await all;
    expect((starts[20] ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(1_250);
  });

  test('time in which nobody asked is not made up for', async () => {
    const turns = paced(40);
    await ask(turns, 5).all;
    await sleep(600);
    const { starts, all } = ask(turns, 24);
    await all;
    expect(most(starts, 200)).toBeLessThanOrEqual(14);
  });

  test('a slower rate holds from now on, and counts what has started', async () => {
    const turns = paced(40);
    const { starts, all } = ask(turns, 45);
    await until(() => starts.length >= 30);
    turns.setRate(10);
    const from = starts.length;
    await all;
    expect(broken(starts, 10, from)).toBe(0);
  });

  test('a faster rate holds from now on', async () => {
    const turns = paced(2);
    const { starts, all } = ask(turns, 40);
    await until(() => starts.length >= 2);
    turns.setRate(50);
    await all;
    expect(broken(starts, 50)).toBe(0);
    // At the old rate it would have been 19 seconds.
    expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeLessThan(8_000);
  });

  test('a wider margin makes the second longer', async () => {
    const turns = paced(10);
    turns.setMargin(500);
    const { starts, all } = ask(turns, 16);
    await all;
    expect(starts.slice(10).every((at, i) => at - (starts[i] ?? at) >= 1_450)).toBe(true);
  });

  test('any rate, whole or not, is kept on the average of its window', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 500, noNaN: true }), (perSecond) => {
        const { starts, windowMs } = measureOf(perSecond, 0);
        expect(Number.isInteger(starts) && starts >= 1).toBe(true);
        expect((starts / windowMs) * 1_000).toBeCloseTo(perSecond, 6);
      }),
    );
  });

  test.each([
    [80, 30, 80, 1_030],
    [4, 0, 4, 1_000],
    [0.5, 0, 1, 2_000],
    [2.5, 100, 2, 900],
  ])('%d a second with a margin of %d ms is %d in %d ms', (perSecond, marginMs, starts, windowMs) => {
    expect(measureOf(perSecond, marginMs)).toEqual({ starts, windowMs });
  });
});

describe('a busy machine', () => {
  test('the limit holds while the event loop is blocked for 200 ms now and then', async () => {
    const { starts, all } = ask(paced(30), 90);
    for (const n of [10, 25, 40, 41, 60]) {
      await until(() => starts.length >= n);
      block(200);
    }
    await all;
    expect(broken(starts, 30)).toBe(0);
  });
});

describe.concurrent('a pause', () => {
  test('holds for everybody, and no burst follows it', async () => {
    const turns = paced(40);
    const { starts, all } = ask(turns, 50);
    await until(() => starts.length >= 10);
    const before = starts.length;
    turns.pause(700);
    const end = performance.now() + 700;
    await all;
    expect(starts.slice(before).every((at) => at >= end - 1)).toBe(true);
    expect(most(starts.slice(before), 200)).toBeLessThanOrEqual(14);
    expect(broken(starts, 40)).toBe(0);
  });

  test('of two pauses the later end holds, whichever came first', async () => {
    for (const pauses of [
      [400, 50],
      [50, 400],
    ]) {
      const turns = paced(100);
      for (const ms of pauses) turns.pause(ms);
      const end = performance.now() + 400;
      const { starts, all } = ask(turns, 3);
      await all;
      expect(starts.every((at) => at >= end - 1)).toBe(true);
    }
  });
});

describe('giving up', () => {
  test('an aborted turn rejects with the reason at once, and the others keep their places', async () => {
    const turns = paced(20);
    const stop = new AbortController();
    const order: string[] = [];
    const first = turns.turn().then(() => order.push('first'));
    const given = turns.turn(stop.signal).catch((reason: unknown) => order.push(String(reason)));
    const last = turns.turn().then(() => order.push('last'));
    await first;
    stop.abort('enough');
    await given;
    expect(order).toEqual(['first', 'enough']);
    await last;
    expect(order).toEqual(['first', 'enough', 'last']);
  });

  test('a run that stops does not wait for a pause', async () => {
    const turns = paced(20);
    turns.pause(3_600_000);
    const stop = new AbortController();
    const all = Promise.allSettled(Array.from({ length: 50 }, () => turns.turn(stop.signal)));
    await sleep(20);
    stop.abort(new Error('stopped'));
    expect((await all).every((one) => one.status === 'rejected' && one.reason.message === 'stopped')).toBe(
      true,
    );
  });

  test('with a signal that is aborted already nobody even joins the line', async () => {
    await expect(paced(20).turn(AbortSignal.abort('too late'))).rejects.toBe('too late');
  });

  test('close refuses whoever waits, and whoever comes later', async () => {
    const turns = paced(1);
    const waiting = ask(turns, 5).all;
    waiting.catch(() => undefined);
    await turns.close();
    await expect(waiting).rejects.toThrow('closed');
    await expect(turns.turn()).rejects.toThrow('closed');
  });
});

describe('the process', () => {
  const io = new URL('../../dist/rate-limit/limiter.js', import.meta.url).href;
  const node = (code: string) =>
    promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', `import { pacer } from '${io}';\n${code}`],
      { timeout: 20_000 },
    );

  test.each([
    ['closed in a pause', 0.05, 'turns.pause(3_600_000); await wait(50); await turns.close();'],
    ['closed while a slow turn is due', 0.05, 'await wait(50); await turns.close();'],
    ['left by all in a pause', 2, 'turns.pause(3_600_000); await wait(50); stop.abort();'],
  ])('ends by itself, in silence, after a pacer was %s', async (_, perSecond, code) => {
    const { stdout, stderr } = await node(`
      import { setTimeout as wait } from 'node:timers/promises';
      const turns = pacer({ perSecond: ${perSecond}, marginMs: 30 });
      const stop = new AbortController();
      await turns.turn();
      for (let i = 0; i < 30; i += 1) turns.turn(stop.signal).catch(() => undefined);
      ${code}
      process.on('exit', () => console.log('left'));`);
    expect(stdout).toBe('left\n');
    expect(stderr).toBe('');
  });

  test('stays while a turn is waited for', async () => {
    const { stdout } = await node(`
      const turns = pacer({ perSecond: 5, marginMs: 30 });
      for (let i = 0; i < 3; i += 1) turns.turn().then(() => console.log('turn'));`);
    expect(stdout).toBe('turn\nturn\nturn\n');
  });
});
