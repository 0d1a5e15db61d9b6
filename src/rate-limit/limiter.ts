/** When an attempt may start: evenly spaced, and never more in a sliding second than the rate. */
import Bottleneck from 'bottleneck';
import { type Gate, Line, type Measure, measureOf } from './sliding-window-queue.js';

export type Pacer = {
  /** Resolves when an attempt may start; rejects with the signal's reason if aborted first. */
  turn(signal?: AbortSignal): Promise<void>;
  /** Nobody starts before now + ms; of two pauses the later end holds. */
  pause(ms: number): void;
  /** From now on. Fractions are fine: 0.5 is one in two seconds. */
  setRate(perSecond: number): void;
  /** How much longer than one second the window is taken to be, for the network's jitter. */
  setMargin(ms: number): void;
  /** Refuses whoever still waits, and leaves no timer behind. */
  close(): Promise<void>;
};

/**
 * The closest that two starts may come, as a share of the even spacing: what a stalled event loop lost is
 * made up for at this pace. The line keeps to the even spacing otherwise.
 */
const SPACING = 0.7;

/** A gate of this process alone, which can be set to another measure. */
export type OwnGate = Gate & { keepTo(measure: Measure): void; close(): Promise<void> };

/** Spaces turns by bottleneck, in this process. */
export function ownGate(measure: Measure): OwnGate {
  const minTime = ({ starts, windowMs }: Measure) => (SPACING * windowMs) / starts;
  const limiter = new Bottleneck({ maxConcurrent: 1, minTime: minTime(measure) });
  let closed: Promise<void> | undefined;
  return {
    pass: () => new Promise((come, fail) => limiter.schedule(async () => come()).catch(fail)),
    ahead: () => 1,
    // Neither a reservoir nor its refresh is in use: updateSettings would end that for good.
    keepTo: (next) => void limiter.updateSettings({ minTime: minTime(next) }),
    close: () => {
      closed ??= limiter.stop({ dropWaitingJobs: true });
      return closed;
    },
  };
}

/** The pacer of one process that has the rate for itself. `now` is in ms, of any clock that only goes on. */
export function pacer(options: { perSecond: number; marginMs: number; now?: () => number }): Pacer {
  const { now = () => performance.now() } = options;
  let { perSecond, marginMs } = options;
  const first = measureOf(perSecond, marginMs);
  const gate = ownGate(first);
  const line = new Line(gate, first, now);
  const change = () => {
    const measure = measureOf(perSecond, marginMs);
    line.keepTo(measure);
    gate.keepTo(measure);
  };
  return {
    turn: (signal) => line.turn(signal),
    pause: (ms) => line.pause(ms),
    setRate: (rate) => {
      perSecond = rate;
      change();
    },
    setMargin: (ms) => {
      marginMs = ms;
      change();
    },
    close: () => {
      line.close();
      return gate.close();
    },
  };
}
