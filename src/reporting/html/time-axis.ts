/** The time axis of a run: many seconds become one bar, and idle hours between two processes are cut out. */
import type { RunState, Second } from '../../events/run-state.js';

export type TimelineData = Pick<RunState, 'timeline' | 'pauses' | 'rates' | 'lastAt'>;

/** The sums of the seconds that one bar shows; `from` is the first, since 1970. */
export type Bin = Omit<Second, 'settled'> & { readonly from: number };

export type TimeAxis = {
  /** In the order of time, and of equal width. */
  readonly bins: readonly Bin[];
  /** The seconds that each sums up. */
  readonly step: number;
  /** The place of an instant (ms since 1970) on the axis, from 0 to 1. */
  readonly place: (at: number) => number;
};

/** A longer time without traffic and without a pause is cut out. No wait of one row is as long. */
const IDLE_SECONDS = 120;

/** An axis of about so many bars; undefined if nothing was ever sent or settled. */
export function createTimeAxis(recorded: TimelineData, bars: number): TimeAxis | undefined {
  const { timeline } = recorded;
  if (timeline.size === 0) return undefined;
  const busy = listBusySeconds(recorded);
  const gaps = busy.map((second, i) => second - (busy[i - 1] ?? second));
  const worked = gaps.reduce((sum, gap) => (gap <= IDLE_SECONDS ? sum + gap : sum + 1), 1);
  const step = roundStep(worked, bars);
  const found = new Map<number, Bin>();
  const toSlot = (second: number): number => Math.floor(second / step) * step;
  for (const [i, second] of busy.entries()) {
    const gap = gaps[i] ?? 0;
    // A short wait has bars too, without height.
    for (let slot = toSlot(gap <= IDLE_SECONDS ? second - gap : second); slot <= second; slot += step) {
      if (!found.has(slot)) found.set(slot, { from: slot, sent: 0, retried: 0, limited: 0 });
    }
  }
  for (const [second, counts] of timeline) {
    const bin = found.get(toSlot(second));
    if (!bin) continue;
    bin.sent += counts.sent;
    bin.retried += counts.retried;
    bin.limited += counts.limited;
  }
  const bins = [...found.values()];
  const place = (at: number): number => {
    const i = bins.findLastIndex(({ from }) => from * 1000 <= at);
    // An instant in an idle gap lies at the end of the bar before it.
    const within = Math.min(1, (at / 1000 - (bins[i]?.from ?? 0)) / step);
    return i < 0 ? 0 : (i + within) / bins.length;
  };
  return { bins, step, place };
}

/** In order. Of a pause, as many as make it no idle time. */
function listBusySeconds({ timeline, pauses, lastAt }: TimelineData): readonly number[] {
  const busy = [...timeline.keys()];
  for (const { at, pauseMs } of pauses) {
    const end = Math.min(at + pauseMs, lastAt) / 1000;
    for (let second = Math.floor(at / 1000); second < end; second += IDLE_SECONDS) busy.push(second);
  }
  return busy.sort((a, b) => a - b);
}

const STEPS: readonly number[] = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400,
];

/** The smallest round step (s) that divides the time into at most so many parts. */
export function roundStep(seconds: number, parts: number): number {
  return STEPS.find((step) => seconds / step <= parts) ?? Math.ceil(seconds / parts / 86_400) * 86_400;
}
