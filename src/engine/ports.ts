/** What the loop needs of the world, and is told by whoever brings it. */

import type { Event } from '../events/event.js';
import type { Directory } from '../model/directory.js';
import type { Day } from '../resilience/daily-quota.js';

/** Time, and waiting in it; handed in, so that a test can have its own. */
export type Clock = {
  /** ms since 1970 */
  now(): number;
  /** Resolves after that many ms, or at once when the signal aborts. */
  sleep(waitMs: number, signal: AbortSignal): Promise<void>;
};

/** When an attempt may start. */
export type Turns = {
  /** @throws the signal's reason when it aborts first */
  turn(signal: AbortSignal): Promise<void>;
  pause(pauseMs: number): void;
  setRate(perSecond: number): void;
  setMargin(marginMs: number): void;
};

export type Ports = {
  readonly directory: Directory;
  readonly turns: Turns;
  /** Keeps events before anybody acts on them, all or none. @throws FatalError when they could not be kept */
  readonly record: (...events: readonly Event[]) => void;
  /** Told of each event that could not be kept: the last place where it can be seen. */
  readonly lost: (event: Event) => void;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly dice: () => number;
};

export type Limits = {
  readonly perSecond: number;
  /** Rows on their way at once. */
  readonly concurrency: number;
  /** Where the plan has a daily budget. */
  readonly day?: Day;
  /** Failed rows after which no further row is started. */
  readonly maxFailures?: number;
  /** Whether anything answered before, so that silence is an outage and not a wrong address. */
  readonly heard: boolean;
};
