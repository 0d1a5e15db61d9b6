/** The time axis of a run: idle hours between two processes are cut out, many seconds become one bar. */
import type { Pause, RunState, Second } from '../../events/run-state.js';

export type TimelineData = Pick<RunState, 'timeline' | 'pauses' | 'rates' | 'lastAt'>;

/** A period in which the run worked, in seconds since 1970, and where it begins on the axis. */
export type ActivePeriod = { readonly from: number; readonly to: number; readonly start: number };

/** The sums of some consecutive seconds. */
export type Bin = Second & { readonly from: number; readonly seconds: number };

export type Axis = {
  readonly periods: readonly ActivePeriod[];
  /** The axis's length, without the idle gaps. */
  readonly seconds: number;
  /** The place of an instant (ms since 1970) on the axis, from 0 to 1. */
  readonly place: (at: number) => number;
};

/** A longer time without traffic and without a pause is cut out. No wait of one row is as long. */
const IDLE_SECONDS = 120;
/** What remains of an idle gap, as a share of the time in which the run worked. */
const GAP_SHARE = 0.03;

/** Undefined if nothing was ever sent or settled. */
export function createTimeAxis({ timeline, pauses, lastAt }: TimelineData): Axis | undefined {
  if (timeline.size === 0) return undefined;
  let last = lastAt / 1000;
  for (const second of timeline.keys()) if (second > last) last = second;
  const busy: (readonly [number, number])[] = [...timeline.keys()].map((second) => [second, second + 1]);
  for (const { at, pauseMs } of pauses) busy.push([at / 1000, Math.min(last, (at + pauseMs) / 1000)]);
  busy.sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [from, to] of busy) {
    const current = merged.at(-1);
    if (current && from - current[1] <= IDLE_SECONDS) current[1] = Math.max(current[1], to);
    else merged.push([Math.floor(from), Math.max(to, Math.floor(from) + 1)]);
  }
  const worked = merged.reduce((sum, [from, to]) => sum + to - from, 0);
  const gap = worked * GAP_SHARE;
  let start = 0;
  const periods = merged.map(([from, to]) => {
    const period = { from, to, start };
    start += to - from + gap;
    return period;
  });
  const seconds = start - gap;
  return { periods, seconds, place: (at) => placeOf(at / 1000, periods) / seconds };
}

function placeOf(second: number, periods: readonly ActivePeriod[]): number {
  const period = periods.findLast(({ from }) => from <= second) ?? periods[0];
  if (!period) return 0;
  const within = Math.max(0, second - period.from);
  // An instant in an idle gap lies at the end of the period before it.
  return period.start + Math.min(within, period.to - period.from);
}

const STEPS: readonly number[] = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400,
];

/** The smallest round step (s) that divides the time into at most so many parts. */
export function roundStep(seconds: number, parts: number): number {
  return STEPS.find((step) => seconds / step <= parts) ?? Math.ceil(seconds / parts / 86_400) * 86_400;
}

/** At most about so many bars, each the sum of some seconds. */
export function groupIntoBins(
  { timeline }: TimelineData,
  { periods, seconds }: Axis,
  bars: number,
): readonly Bin[] {
  const step = roundStep(seconds, bars);
  const bins = new Map<number, Bin>();
  for (const [second, counts] of timeline) {
    const period = periods.findLast(({ from }) => from <= second);
    if (!period) continue;
    const from = period.from + Math.floor((second - period.from) / step) * step;
    const found = bins.get(from);
    // The last bar of a period may cover less time than the others.
    const covered = Math.max(1, Math.min(step, Math.ceil(period.to) - from));
    const bin = found ?? { from, seconds: covered, sent: 0, settled: 0, retried: 0, limited: 0 };
    bin.sent += counts.sent;
    bin.settled += counts.settled;
    bin.retried += counts.retried;
    bin.limited += counts.limited;
    bins.set(from, bin);
  }
  return [...bins.values()].sort((a, b) => a.from - b.from);
}

/** Pauses by reason, the longest in total first. Overlapping pauses all count. */
export function groupPausesByReason(
  pauses: readonly Pause[],
): readonly { readonly why: string; readonly n: number; readonly pauseMs: number }[] {
  const found = new Map<string, { why: string; n: number; pauseMs: number }>();
  for (const { why, pauseMs } of pauses) {
    const sum = found.get(why) ?? { why, n: 0, pauseMs: 0 };
    sum.n += 1;
    sum.pauseMs += pauseMs;
    found.set(why, sum);
  }
  return [...found.values()].sort((a, b) => b.pauseMs - a.pauseMs);
}
