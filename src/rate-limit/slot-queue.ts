/**
 * The queue of requests that wait for a slot: first in, first out, with pauses and the sliding window that is checked
 * when a slot is granted. A gate spaces the slots.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Spaces slots evenly. */
export type Gate = {
  /** Resolves when the next slot is due. A slot that is not used is lost. */
  grant(): Promise<void>;
  /** How many slots may be requested at once. */
  lookahead(): number;
};

/** No more than `starts` requests start in any `ms`. */
export type Window = { readonly starts: number; readonly ms: number };

/**
 * The window of a rate. A fractional rate gets whole starts in a window of another length: 0.5 requests/s is one start
 * in two seconds. Padding makes the window longer, because of network jitter.
 */
export function windowFor(perSecond: number, paddingMs: number): Window {
  const starts = Math.max(1, Math.floor(perSecond));
  return { starts, ms: (1_000 * starts) / perSecond + paddingMs };
}

function spacingOf({ starts, ms }: Window): number {
  return ms / starts;
}

type Waiter = {
  readonly start: () => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal;
};

const NEVER = Number.NEGATIVE_INFINITY;
/** The longest delay of a Node timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How much of the time that a stalled event loop lost is caught up on. */
const CATCH_UP_MS = 500;

/**
 * The first requests open their connections and arrive later than those on open ones, so the next second's would arrive
 * too soon after them. They count as started when this is over: TCP and TLS at a round trip of 125 ms. undici closes
 * idle connections after 4 s.
 */
const COLD_START = { afterIdleMs: 4_000, lastsMs: 250 } as const;

export class SlotQueue {
  readonly #gate: Gate;
  /** In order of arrival; a Set, so that an aborted one leaves at once. */
  readonly #waiters = new Set<Waiter>();
  /** All requests of a run wait with the run's one signal: one listener serves them. */
  readonly #abortListeners = new Map<AbortSignal, () => void>();
  /** When the newest requests count as started, oldest first; at least all of the current window. */
  readonly #starts: number[] = [];
  #window: Window;
  #coldUntil = NEVER;
  /** When the newest start was due by even spacing. */
  #due = NEVER;
  #pausedUntil = NEVER;
  #requested = 0;
  #closed = false;
  /** Aborts when nothing waits any more, so that no timer is left. */
  #empty = new AbortController();

  constructor(gate: Gate, window: Window) {
    this.#gate = gate;
    this.#window = window;
  }

  acquire(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(closedError());
    this.#listenTo(signal);
    return new Promise((start, reject) => {
      if (this.#waiters.size === 0) this.#skipIdleTime();
      this.#waiters.add({ start, reject, signal });
      this.#requestSlots();
    });
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }

  /**
   * From now on; what has started counts. Time lost at another rate is not caught up on; padding changes the spacing by
   * a few hundredths and leaves the schedule as it is.
   */
  setWindow(window: Window): void {
    const change = spacingOf(window) / spacingOf(this.#window);
    this.#window = window;
    if (change < 0.8 || change > 1.25) this.#skipIdleTime();
  }

  close(): void {
    this.#closed = true;
    this.#rejectAll(closedError());
    for (const [signal, onAbort] of this.#abortListeners) signal.removeEventListener('abort', onAbort);
  }

  #requestSlots(): void {
    while (this.#requested < Math.min(this.#waiters.size, this.#gate.lookahead())) {
      this.#requested += 1;
      this.#useSlot()
        .catch((error: unknown) => this.#rejectAll(error))
        .finally(() => {
          this.#requested -= 1;
          this.#requestSlots();
        });
    }
  }

  async #useSlot(): Promise<void> {
    // A slot that was granted before or during a pause is given back: slots kept over it would be used all at once.
    while (await this.#waitUntil(this.#pausedUntil));
    await this.#gate.grant();
    while (await this.#waitUntil(this.#nextStart()));
    if (this.#pausedUntil <= performance.now()) this.#start();
  }

  /** False if that time has come, or nothing waits for it any more. */
  async #waitUntil(time: number): Promise<boolean> {
    const waitMs = time - performance.now();
    if (waitMs <= 0 || this.#waiters.size === 0) return false;
    const { signal } = this.#empty;
    await sleep(Math.min(LONGEST_TIMER_MS, Math.ceil(waitMs)), undefined, { signal }).catch(() => undefined);
    return true;
  }

  /** Evenly spaced, and never before the N-th last start has left the window. */
  #nextStart(): number {
    const nth = this.#starts.at(-this.#window.starts) ?? NEVER;
    return Math.max(this.#due + spacingOf(this.#window), nth + this.#window.ms);
  }

  /** Only time in which something waited is caught up on. */
  #skipIdleTime(): void {
    this.#due = Math.max(this.#due, performance.now() - spacingOf(this.#window));
  }

  #start(): void {
    const [first] = this.#waiters;
    if (!first) return;
    const now = performance.now();
    this.#due = Math.max(this.#due + spacingOf(this.#window), now - CATCH_UP_MS, this.#pausedUntil);
    if (now - (this.#starts.at(-1) ?? NEVER) > COLD_START.afterIdleMs)
      this.#coldUntil = now + COLD_START.lastsMs;
    this.#starts.push(Math.max(now, this.#coldUntil));
    while (this.#starts.length > this.#window.starts && (this.#starts[0] ?? now) < now - this.#window.ms) {
      this.#starts.shift();
    }
    this.#remove(first);
    first.start();
  }

  #listenTo(signal: AbortSignal): void {
    if (this.#abortListeners.has(signal)) return;
    const onAbort = () => this.#rejectAll(signal.reason, (waiter) => waiter.signal === signal);
    this.#abortListeners.set(signal, onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
  }

  #remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size > 0 || this.#requested === 0) return;
    this.#empty.abort();
    this.#empty = new AbortController();
  }

  #rejectAll(reason: unknown, concerns: (waiter: Waiter) => boolean = () => true): void {
    for (const waiter of [...this.#waiters].filter(concerns)) {
      this.#remove(waiter);
      waiter.reject(reason);
    }
  }
}

function closedError(): Error {
  return new Error('the limiter is closed');
}
