/** Limits the requests of this process: evenly spaced, and never more in a sliding second than the rate. */
import Bottleneck from 'bottleneck';
import { WINDOW_PADDING } from '../resilience/adaptive-rate.js';
import { SlotQueue, type Window, windowFor } from './slot-queue.js';

export type Limiter = {
  /** Resolves when a request may start; rejects with the signal's reason if that aborts first. */
  acquire(signal: AbortSignal): Promise<void>;
  /** Nothing starts before now + ms; of two pauses the later end counts. */
  pause(ms: number): void;
  /** From now on. Fractions are possible: 0.5 is one request in two seconds. */
  setRate(perSecond: number): void;
  /** How much longer than one second the sliding window is. */
  setWindowPadding(ms: number): void;
  /** Rejects everything that still waits, and leaves no timer. */
  close(): Promise<void>;
};

/** Slots that several processes share. */
export type SharedSlots = {
  /** Resolves when this process has the next slot of all; to false, at once, if they are out of reach. */
  grant(): Promise<boolean>;
  isAvailable(): boolean;
  /** For all processes. */
  setWindow(window: Window): void;
};

/** One shared slot waits for its time while the next is requested. More would start together after a stall. */
const SHARED_LOOKAHEAD = 2;

export class LocalLimiter implements Limiter {
  readonly #spacing: Spacing;
  readonly #queue: SlotQueue;
  #perSecond: number;
  #paddingMs: number = WINDOW_PADDING.startMs;
  #processes = 1;
  #shared: SharedSlots | undefined;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#spacing = new Spacing(this.fullWindow);
    const gate = {
      grant: async () => {
        if (!(await this.#shared?.grant())) await this.#spacing.grant();
      },
      lookahead: () => (this.#shared?.isAvailable() ? SHARED_LOOKAHEAD : 1),
    };
    this.#queue = new SlotQueue(gate, this.fullWindow);
  }

  /** The window of the whole rate. */
  get fullWindow(): Window {
    return windowFor(this.#perSecond, this.#paddingMs);
  }

  /** Among how many processes the rate is divided. */
  get processes(): number {
    return this.#processes;
  }

  /** What this process may use of the rate. Whole if possible: rounded up, the shares would exceed the rate. */
  get share(): number {
    const share = this.#perSecond / this.#processes;
    return share > 1 && this.#processes > 1 ? Math.floor(share) : share;
  }

  acquire(signal: AbortSignal): Promise<void> {
    return this.#queue.acquire(signal);
  }

  pause(ms: number): void {
    this.#queue.pause(ms);
  }

  setRate(perSecond: number): void {
    this.#perSecond = perSecond;
    this.#update();
  }

  setWindowPadding(ms: number): void {
    this.#paddingMs = ms;
    this.#update();
  }

  /** Takes its slots from these, as long as they are available. */
  useSharedSlots(shared: SharedSlots): void {
    this.#shared = shared;
  }

  /** From now on this process keeps to its share of the rate. */
  divideAmong(processes: number): void {
    this.#processes = processes;
    this.#update();
  }

  async close(): Promise<void> {
    this.#queue.close();
    await this.#spacing.close();
  }

  #update(): void {
    const window = windowFor(this.share, this.#paddingMs);
    this.#queue.setWindow(window);
    this.#spacing.setWindow(window);
    this.#shared?.setWindow(this.fullWindow);
  }
}

/** The smallest distance of two starts, as a share of the even spacing: so fast is a stall caught up on. */
const CATCH_UP_SPACING = 0.7;
/** A slot that is so late is late because the wall clock, by which bottleneck goes, was set back. */
const OVERDUE_MS = 1_000;

/** bottleneck's minTime. */
class Spacing {
  #window: Window;
  #limiter: Bottleneck;

  constructor(window: Window) {
    this.#window = window;
    this.#limiter = this.#create();
  }

  grant(): Promise<void> {
    return new Promise((resolve, reject) => {
      const overdue = setTimeout(() => {
        void this.close();
        this.#limiter = this.#create();
        resolve();
      }, this.#minTime() + OVERDUE_MS);
      this.#limiter
        .schedule(async () => resolve())
        .catch(reject)
        .finally(() => clearTimeout(overdue));
    });
  }

  setWindow(window: Window): void {
    this.#window = window;
    // No reservoir is in use: updateSettings would end its refresh.
    this.#limiter.updateSettings({ minTime: this.#minTime() });
  }

  /** A second call changes nothing. */
  async close(): Promise<void> {
    await this.#limiter.stop({ dropWaitingJobs: true }).catch(() => undefined);
  }

  #create(): Bottleneck {
    return new Bottleneck({ maxConcurrent: 1, minTime: this.#minTime() });
  }

  #minTime(): number {
    return (CATCH_UP_SPACING * this.#window.ms) / this.#window.starts;
  }
}
