/** The real clock, for everything that is not a test. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../model/clock.js';

export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (waitMs, signal) => wait(waitMs, undefined, { signal }).catch(() => undefined),
};
