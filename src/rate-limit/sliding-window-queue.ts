/**
 * The line of those who wait for a turn: first come first served, pauses, and the last check before a
 * start. Who spaces the turns is handed in as a gate.
 */
import { setMaxListeners } from 'node:events';
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

/** From one start to the next, in ms. */
function spacingOf({ starts, windowMs }: Measure): number {
  return windowMs / starts;
}

type Waiter = { readonly start: () => void; readonly fail: (reason: unknown) => void };

const NEVER = Number.NEGATIVE_INFINITY;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How far a line that a stalled event loop held up may be behind its timetable and still make up for it. */
const MADE_UP_MS = 500;

/**
 * The first requests open their connections, and arrive later than those that follow on open ones: the
 * first arrivals of the next second would come too early for them. So starts from cold count as if they
 * came when this is over: TCP and TLS at 125 ms there and back. From farther away a few of them may be refused,
 * too few to slow down for. Idle connections are closed after 4 s (undici's default).
 */
const COLD = { afterIdleMs: 4_000, lastsMs: 250 } as const;

export class Line {
  readonly #gate: Gate;
  readonly #now: () => number;
  /** In the order in which they came; a Set, so that whoever gives up leaves at once. */
  readonly #waiting = new Set<Waiter>();
  /** When the newest attempts count as started, oldest first; at least all of the current window. */
  #starts: number[] = [];
  #coldUntil = NEVER;
  #measure: Measure;
  /** When the newest start was due by the timetable of even spacing. */
  #due = NEVER;
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
    // Every row of a run waits with the run's one signal: more than ten listeners are no leak.
    if (signal) setMaxListeners(0, signal);
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
      if (this.#waiting.size === 0) this.#forgetIdleTime();
      this.#waiting.add(waiter);
      this.#ask();
    });
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#now() + ms);
  }

  /**
   * From now on; what has started counts against it. What another rate missed is not made up for; a margin that is
   * learnt changes the spacing by a few hundredths, and leaves the timetable as it is.
   */
  keepTo(measure: Measure): void {
    const change = spacingOf(measure) / spacingOf(this.#measure);
    this.#measure = measure;
    if (change < 0.8 || change > 1.25) this.#forgetIdleTime();
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

  /** By the timetable, and never before the N-th last start is a window old. */
  #nextStart(): number {
    const { starts, windowMs } = this.#measure;
    const nth = this.#starts.at(-starts);
    return Math.max(this.#due + spacingOf(this.#measure), nth === undefined ? NEVER : nth + windowMs);
  }

  /** Only a line that somebody waited in has anything to make up for. */
  #forgetIdleTime(): void {
    this.#due = Math.max(this.#due, this.#now() - spacingOf(this.#measure));
  }

  #start(): void {
    const [first] = this.#waiting;
    if (!first) return;
    const now = this.#now();
    const { starts, windowMs } = this.#measure;
    this.#due = Math.max(this.#due + spacingOf(this.#measure), now - MADE_UP_MS, this.#pausedUntil);
    if (now - (this.#starts.at(-1) ?? NEVER) > COLD.afterIdleMs) this.#coldUntil = now + COLD.lastsMs;
    this.#starts.push(Math.max(now, this.#coldUntil));
    while (this.#starts.length > starts && (this.#starts[0] ?? now) < now - windowMs) this.#starts.shift();
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
