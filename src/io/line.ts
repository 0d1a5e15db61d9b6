/**
 * The line of those who wait for a turn: first come first served, pauses, and the last check before a
 * start. Who spaces the turns is handed in as a gate.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Spaces turns evenly. */
export type Gate = {
  /** Resolves when the next turn has come. A turn that nobody uses is lost, and nothing else. */
  pass(): Promise<void>;
  /** How many turns may be asked for at once. */
  ahead(): number;
};

/** What the line keeps to: no more than `starts` in any `windowMs`. */
export type Measure = { readonly starts: number; readonly windowMs: number };

/**
 * The measure of a rate. A fractional rate keeps whole starts in a window of another length: 0.5 a second
 * is one start in two seconds. The margin makes the window longer, for the network's jitter.
 */
export function measureOf(perSecond: number, marginMs: number): Measure {
  const starts = Math.max(1, Math.floor(perSecond));
  return { starts, windowMs: (1_000 * starts) / perSecond + marginMs };
}

type Waiter = { readonly start: () => void; readonly fail: (reason: unknown) => void };

const NEVER = Number.NEGATIVE_INFINITY;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Line {
  readonly #gate: Gate;
  readonly #now: () => number;
  /** In the order in which they came; a Set, so that whoever gives up leaves at once. */
  readonly #waiting = new Set<Waiter>();
  /** When the newest attempts started, oldest first; at least all of the current window. */
  #starts: number[] = [];
  #measure: Measure;
  #pausedUntil = NEVER;
  #asking = 0;
  #closed = false;
  /** Aborts when nobody waits any more, so that no timer outlives its use. */
  #empty = new AbortController();

  constructor(gate: Gate, measure: Measure, now: () => number) {
    this.#gate = gate;
    this.#measure = measure;
    this.#now = now;
  }

  turn(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(new Error('a turn was asked of a closed pacer'));
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#leave(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
        fail: (reason) => {
          signal?.removeEventListener('abort', leave);
          reject(reason);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      this.#ask();
    });
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#now() + ms);
  }

  /** From now on; what has started already counts against the new measure. */
  keepTo(measure: Measure): void {
    this.#measure = measure;
  }

  /** Whoever waits is refused; no timer is left. */
  close(): void {
    this.#closed = true;
    this.#failAll(new Error('the pacer was closed'));
  }

  #ask(): void {
    while (this.#asking < Math.min(this.#waiting.size, this.#gate.ahead())) {
      this.#asking += 1;
      this.#takeTurn()
        .catch((defect: unknown) => this.#failAll(defect))
        .finally(() => {
          this.#asking -= 1;
          this.#ask();
        });
    }
  }

  async #takeTurn(): Promise<void> {
    // A pause is waited for before a turn is asked for, and gives back one that was asked for already:
    // turns that were kept over a pause would all be used together at its end.
    while (await this.#waits(this.#pausedUntil));
    await this.#gate.pass();
    // A late turn may come close to the next: the last word has what really started.
    while (await this.#waits(this.#nextStart()));
    if (this.#pausedUntil <= this.#now()) this.#start();
  }

  /** False at once where that time has come, or nobody waits for it any more. */
  async #waits(until: number): Promise<boolean> {
    const waitMs = until - this.#now();
    if (waitMs <= 0 || this.#waiting.size === 0) return false;
    const { signal } = this.#empty;
    await sleep(Math.min(LONGEST_TIMER_MS, Math.ceil(waitMs)), undefined, { signal }).catch(() => undefined);
    return true;
  }

  #nextStart(): number {
    const nth = this.#starts.at(-this.#measure.starts);
    return nth === undefined ? NEVER : nth + this.#measure.windowMs;
  }

  #start(): void {
    const [first] = this.#waiting;
    if (!first) return;
    const now = this.#now();
    const oldest = now - this.#measure.windowMs;
    this.#starts.push(now);
    while (this.#starts.length > this.#measure.starts && (this.#starts[0] ?? now) < oldest)
      this.#starts.shift();
    this.#leave(first);
    first.start();
  }

  #leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size > 0 || this.#asking === 0) return;
    this.#empty.abort();
    this.#empty = new AbortController();
  }

  #failAll(reason: unknown): void {
    for (const waiter of [...this.#waiting]) {
      this.#leave(waiter);
      waiter.fail(reason);
    }
  }
}
