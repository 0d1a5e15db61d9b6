/** A clock whose time passes only when all work waits for it: hours of a run take milliseconds. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../src/model/clock.js';

export type VirtualClock = Clock & {
  /** Lets time pass until the work is done. @throws Error if the work waits for something else than time */
  run<T>(work: Promise<T>): Promise<T>;
  /** Calls `act` at that time, in ms on this clock. */
  at(ms: number, act: () => void): void;
};

type Timer = { readonly at: number; readonly act: () => void; isCancelled: boolean };

export function createVirtualClock(startMs = 0): VirtualClock {
  let now = startMs;
  const timers: Timer[] = [];
  const schedule = (at: number, act: () => void): Timer => {
    const timer: Timer = { at, act, isCancelled: false };
    // Timers of one moment fire in the order in which they were set.
    const after = timers.findIndex((other) => other.at > at);
    timers.splice(after < 0 ? timers.length : after, 0, timer);
    return timer;
  };
  return {
    now: () => now,
    monotonic: () => now - startMs,
    at: (ms, act) => void schedule(ms, act),
    sleep: (waitMs, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        setMaxListeners(0, signal);
        const onAbort = (): void => {
          timer.isCancelled = true;
          resolve();
        };
        const timer = schedule(now + waitMs, () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        });
        signal.addEventListener('abort', onAbort, { once: true });
      }),
    run: async (work) => {
      let isDone = false;
      const watched = work.finally(() => {
        isDone = true;
      });
      watched.catch(() => undefined);
      for (;;) {
        // All that can go on without waiting does so first.
        await new Promise((resolve) => setImmediate(resolve));
        if (isDone) return watched;
        const next = timers.shift();
        if (!next) throw new Error('the work waits for something that never happens');
        if (next.isCancelled) continue;
        now = Math.max(now, next.at);
        next.act();
      }
    },
  };
}
