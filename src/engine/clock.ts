/** The real clock and dice, for everybody who is not a test. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from './ports.js';

export const clock: Clock = {
  now: () => Date.now(),
  sleep: (waitMs, signal) => wait(waitMs, undefined, { signal }).catch(() => undefined),
};
