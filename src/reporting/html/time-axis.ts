/** A run's seconds laid on an axis: idle hours between two processes are folded, many seconds become one bar. */
import type { Pause, RunState, Second } from '../../events/run-state.js';

export type TimelineData = Pick<RunState, 'timeline' | 'pauses' | 'rates' | 'lastAt'>;

/** A stretch in which the run worked, in seconds since 1970, and where it begins on the axis. */
export type ActivePeriod = { readonly from: number; readonly to: number; readonly start: number };

/** Some seconds taken together; counts are sums. */
export type Bin = Second & { readonly from: number; readonly seconds: number };

export type Axis = {
  readonly stretches: readonly ActivePeriod[];
  /** The axis's length, folded time left out. */
  readonly seconds: number;
  /** Place of an instant (ms since 1970) on the axis, from 0 to 1. */
  readonly place: (at: number) => number;
};

/** Longer without any traffic and without a pause, and the time is folded. No wait of one row is as long. */
const IDLE_SECONDS = 120;
/** A run of two seconds is drawn as a short one, not as two fat bars. */
const AXIS_SECONDS_MIN = 10;
const FOLD_SHARE = 0.03;

/** The axis for what was recorded; undefined where nothing was ever sent or settled. */
export function createTimeAxis({ timeline, pauses, lastAt }: TimelineData): Axis | undefined {
  if (timeline.size === 0) return undefined;
  const last = Math.max(lastAt / 1000, ...[...timeline.keys()].slice(-1));
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
  const fold = worked * FOLD_SHARE;
  let start = 0;
  const stretches = merged.map(([from, to]) => {
    const stretch = { from, to, start };
    start += to - from + fold;
    return stretch;
  });
  const seconds = Math.max(AXIS_SECONDS_MIN, start - fold);
  return { stretches, seconds, place: (at) => placeOf(at / 1000, stretches) / seconds };
}

function placeOf(second: number, stretches: readonly ActivePeriod[]): number {
  const stretch = stretches.findLast(({ from }) => from <= second) ?? stretches[0];
  if (!stretch) return 0;
  const within = Math.max(0, second - stretch.from);
  // What is folded lies where the next stretch begins; after the last there may be room, in a short run.
  return (
    stretch.start + (stretch === stretches.at(-1) ? within : Math.min(within, stretch.to - stretch.from))
  );
}

const STEPS: readonly number[] = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400,
];

/** The smallest round step (s) that cuts the time into at most so many parts. */
export function roundStep(seconds: number, parts: number): number {
  return STEPS.find((step) => seconds / step <= parts) ?? Math.ceil(seconds / parts / 86_400) * 86_400;
}

/** The seconds taken together, so that there are at most about so many bars. */
export function groupIntoBins(
  { timeline }: TimelineData,
  { stretches, seconds }: Axis,
  bars: number,
): readonly Bin[] {
  const step = roundStep(seconds, bars);
  const bins = new Map<number, Bin>();
  for (const [second, counts] of timeline) {
    const stretch = stretches.findLast(({ from }) => from <= second);
    if (!stretch) continue;
    const from = stretch.from + Math.floor((second - stretch.from) / step) * step;
    const found = bins.get(from);
    // The last bar of a stretch may stand for less time than the others.
    const lasting = Math.max(1, Math.min(step, Math.ceil(stretch.to) - from));
    const bin = found ?? { from, seconds: lasting, sent: 0, settled: 0, retried: 0, limited: 0 };
    bin.sent += counts.sent;
    bin.settled += counts.settled;
    bin.retried += counts.retried;
    bin.limited += counts.limited;
    bins.set(from, bin);
  }
  return [...bins.values()].sort((a, b) => a.from - b.from);
}

/** Pauses by their reason, the one that took longest first. Pauses that overlap count each. */
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
