/** How far a run is: a fold over its events, and the line that shows it. */
import type { Event } from './event.js';
import { spanWords, thousands } from './span.js';

export type Progress = {
  readonly rows: number;
  readonly startedAt: number;
  /** The rate aimed at, as it is now. */
  perSecond: number;
  settled: number;
  failed: number;
  sent: number;
  limited: number;
  /** Requests of the last seconds, by second; older ones are dropped. */
  readonly recent: Map<number, number>;
  pausedUntil: number;
  why: string;
};

const RECENT_SECONDS = 10;

export function newProgress(rows: number, perSecond: number, at: number): Progress {
  return {
    rows,
    startedAt: at,
    perSecond,
    settled: 0,
    failed: 0,
    sent: 0,
    limited: 0,
    recent: new Map(),
    pausedUntil: 0,
    why: '',
  };
}

/** Adds one event, in place. */
export function advance(progress: Progress, event: Event): void {
  if (event.e === 'settled') {
    progress.settled += 1;
    if (event.outcome.status === 'failed' || event.outcome.status === 'unknown') progress.failed += 1;
  } else if (event.e === 'attempt') {
    const second = Math.floor(event.at / 1000);
    progress.sent += 1;
    progress.recent.set(second, (progress.recent.get(second) ?? 0) + 1);
    if (progress.recent.size > RECENT_SECONDS + 2) {
      for (const old of progress.recent.keys())
        if (old < second - RECENT_SECONDS) progress.recent.delete(old);
    }
  } else if (event.e === 'reply') {
    if (event.kind === 'limited') progress.limited += 1;
  } else if (event.e === 'pace') {
    progress.perSecond = event.perSecond;
    if (event.pauseMs === 0) return;
    progress.pausedUntil = event.at + event.pauseMs;
    progress.why = event.why;
  }
}

/** Requests a second over the last ten whole seconds. */
function rateNow({ recent, startedAt }: Progress, now: number): number {
  const last = Math.floor(now / 1000) - 1;
  const first = Math.max(Math.floor(startedAt / 1000), last - RECENT_SECONDS + 1);
  if (last < first) return 0;
  let sum = 0;
  for (let second = first; second <= last; second += 1) sum += recent.get(second) ?? 0;
  return sum / (last - first + 1);
}

function parts(progress: Progress, now: number): readonly string[] {
  const { rows, settled, failed, perSecond, pausedUntil, why } = progress;
  const rate = rateNow(progress, now);
  const left = rows - settled;
  const waits = pausedUntil > now ? `paused ${Math.ceil((pausedUntil - now) / 1000)} s: ${why}` : '';
  const time = waits === '' && rate > 0 && left > 0 ? `${spanWords((left / rate) * 1000)} left` : '';
  return [
    `${thousands(settled)}/${thousands(rows)}`,
    ...(waits === '' ? (rate > 0 ? [`${rate.toFixed(1)}/s of ${round(perSecond)}/s`] : []) : [waits]),
    ...(failed > 0 ? [`${thousands(failed)} failed`] : []),
    ...(time === '' ? [] : [time]),
  ];
}

function round(perSecond: number): string {
  return String(Math.round(perSecond * 10) / 10);
}

const BAR_WIDTH = 24;

/** One line for a terminal of that width; a narrow one loses the bar first, and then parts from the end. */
export function progressLine(progress: Progress, now: number, columns: number, simulated: boolean): string {
  const told = [...(simulated ? ['simulated'] : []), ...parts(progress, now)];
  while (told.length > 1 && told.join('  ').length >= columns) told.pop();
  const text = told.join('  ').slice(0, Math.max(0, columns - 1));
  if (text.length + BAR_WIDTH + 3 > columns) return text;
  const share = progress.rows === 0 ? 1 : progress.settled / progress.rows;
  const full = Math.floor(Math.min(1, share) * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}  ${text}`;
}

/** The same for a log: one line, no bar. */
export function progressReport(progress: Progress, now: number, simulated: boolean): string {
  return [...(simulated ? ['simulated'] : []), ...parts(progress, now)].join(', ');
}
