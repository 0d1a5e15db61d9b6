/** How far a run is: what a progress line needs, from the run's events, and the line. */
import type { Event, EventOf } from '../events/event.js';
import { type RunState, sumCounts } from '../events/run-state.js';
import { formatCount, formatEstimate, formatNumber } from '../text/format.js';
import { displayWidth, escapeInvisible, truncate } from '../text/visible.js';
import { describeStop } from './stop-reasons.js';

/** Rates are measured over so many seconds, the current one included. */
const WINDOW = 10;

/** One second of the window; older ones are overwritten. */
type Slot = { second: number; sent: number; settled: number };

/** Changed in place by `updateProgress`: a million events make no garbage. */
export type Progress = {
  /** Rows that the run has to settle. */
  readonly rows: number;
  settled: number;
  /** Writes, retries included. */
  sent: number;
  retried: number;
  /** 429s. */
  limited: number;
  /** Failed or unknown rows. */
  failed: number;
  readonly fullPerSecond: number;
  /** The rate that is allowed right now. */
  perSecond: number;
  pause: { readonly until: number; readonly reason: string } | undefined;
  /** Read requests since the last write. */
  reads: number;
  /** Why the run starts no further row. */
  stopping: string | undefined;
  readonly startedAt: number;
  /** Since when the rate is measured: the first write, or the newest change of speed. */
  since: number | undefined;
  readonly window: readonly Slot[];
};

/**
 * A run before its first event.
 * @param rows to be settled, @param at ms since 1970, @param done of them, how many an earlier process settled
 */
export function createProgress(rows: number, perSecond: number, at: number, done = 0): Progress {
  return {
    rows,
    settled: Math.min(rows, done),
    sent: 0,
    retried: 0,
    limited: 0,
    failed: 0,
    fullPerSecond: perSecond,
    perSecond,
    pause: undefined,
    reads: 0,
    stopping: undefined,
    startedAt: at,
    since: undefined,
    window: Array.from({ length: WINDOW }, () => ({ second: -1, sent: 0, settled: 0 })),
  };
}

/** Takes one event into account, in place; `state` has it applied already. */
export function updateProgress(progress: Progress, event: Event, { counts }: Pick<RunState, 'counts'>): void {
  switch (event.type) {
    case 'run':
    case 'input':
    case 'input-complete':
    case 'warning':
    case 'end':
      return;
    case 'attempt':
      updateForAttempt(progress, event);
      return;
    case 'reply':
      if (event.reply.type === 'rate-limited') progress.limited += 1;
      updateSettled(progress, event.at, counts);
      return;
    case 'known':
      updateSettled(progress, event.at, counts);
      return;
    case 'pace':
      updatePace(progress, event);
      return;
    case 'stop':
      progress.stopping = event.stop.reason;
      return;
  }
}

function updateForAttempt(progress: Progress, { at, n, effect }: EventOf<'attempt'>): void {
  if (n > 1) progress.retried += 1;
  if (effect === 'read') {
    progress.reads += 1;
    return;
  }
  progress.reads = 0;
  progress.sent += 1;
  // Between n requests there are n - 1 intervals: counting the first would show more than the rate.
  if (progress.since === undefined) progress.since = at;
  else slotAt(progress, at).sent += 1;
}

/** What was sent before says nothing about the new speed: it would look as if the limit were broken. */
function updatePace(progress: Progress, { at, perSecond, pauseMs, reason }: EventOf<'pace'>): void {
  progress.perSecond = perSecond;
  progress.since = at + pauseMs;
  if (pauseMs > 0) progress.pause = { until: at + pauseMs, reason };
  for (const slot of progress.window) slot.second = -1;
}

function updateSettled(progress: Progress, at: number, counts: RunState['counts']): void {
  const settled = Math.min(progress.rows, sumCounts(counts));
  slotAt(progress, at).settled += Math.max(0, settled - progress.settled);
  progress.settled = settled;
  progress.failed = (counts.get('failed') ?? 0) + (counts.get('unknown') ?? 0);
}

const EMPTY: Slot = { second: -1, sent: 0, settled: 0 };

function slotAt({ window }: Progress, at: number): Slot {
  const second = Math.floor(at / 1000);
  const slot = window[second % WINDOW] ?? EMPTY;
  if (slot.second === second) return slot;
  slot.second = second;
  slot.sent = 0;
  slot.settled = 0;
  return slot;
}

/** Writes and settled rows per second, over the last ten seconds of this pace. */
function measureRates({ window, since }: Progress, nowMs: number): { sent: number; settled: number } {
  if (since === undefined) return { sent: 0, settled: 0 };
  const oldest = Math.floor(nowMs / 1000) - WINDOW + 1;
  const spanMs = Math.max(1_000, nowMs - Math.max(oldest * 1_000, since));
  const sum = { sent: 0, settled: 0 };
  for (const slot of window) {
    if (slot.second < oldest) continue;
    sum.sent += slot.sent;
    sum.settled += slot.settled;
  }
  return { sent: (sum.sent * 1_000) / spanMs, settled: (sum.settled * 1_000) / spanMs };
}

/** What the run waits for, long and short; empty if there is nothing to say. */
function describeWaiting(
  progress: Progress,
  nowMs: number,
): { readonly long: string; readonly short: string } {
  const { rows, settled, perSecond, pause, reads, stopping } = progress;
  if (stopping !== undefined) return { long: `stopping: ${describeStop(stopping)}`, short: 'stopping' };
  if (pause && pause.until > nowMs) {
    const short = `paused ${Math.ceil((pause.until - nowMs) / 1_000)} s`;
    return { long: `${short}: ${pause.reason}`, short };
  }
  if (reads > 0) return { long: `reading from Zoom: ${formatCount(reads, 'request')}`, short: 'reading' };
  const left = rows - settled;
  if (left <= 0 || progress.since === undefined) return { long: '', short: '' };
  // Rows that exist already pass without a request; those to come may not. So never above the limit.
  const settling = nowMs - progress.since < 2_000 ? 0 : measureRates(progress, nowMs).settled;
  const seconds = left / (settling > 0 ? Math.min(settling, perSecond) : perSecond);
  const long = `${formatEstimate(seconds)} left`;
  return { long, short: long.replace(/^about /, '') };
}

function describeRate(progress: Progress, nowMs: number): { readonly long: string; readonly short: string } {
  const { perSecond, fullPerSecond, since } = progress;
  if (since === undefined) return { long: '', short: '' };
  const short = `${measureRates(progress, nowMs).sent.toFixed(1)}/s`;
  const slowed = perSecond < fullPerSecond ? ` (slowed from ${roundRate(fullPerSecond)})` : '';
  return { long: `${short} of ${roundRate(perSecond)}/s${slowed}`, short };
}

/** At most one digit after the point: `30`, `16.5`. */
function roundRate(n: number): string {
  return String(Math.round(n * 10) / 10);
}

/**
 * One line for a terminal, in fewer columns than it has: in the last one some would wrap. A narrow terminal
 * gets fewer parts.
 */
export function formatProgressLine(
  progress: Progress,
  nowMs: number,
  columns: number,
  simulated: boolean = false,
): string {
  const { rows, settled } = progress;
  const rate = describeRate(progress, nowMs);
  const wait = describeWaiting(progress, nowMs);
  const paused = wait.long.startsWith('paused');
  const count = `${formatNumber(settled)}/${formatNumber(rows)}`;
  const failed = progress.failed > 0 ? `${formatNumber(progress.failed)} failed` : '';
  const full = bar(settled / Math.max(1, rows), barWidth(columns));
  const lines: readonly (readonly string[])[] = [
    [full, count, paused ? '' : rate.long, failed, wait.long],
    [full, count, paused ? '' : rate.short, failed, wait.long],
    [count, paused ? '' : rate.short, failed, wait.long],
    [count, rate.short, failed, wait.short],
    [count, failed, wait.short],
    [count, wait.short],
    [count],
  ];
  const shown = lines.map((parts) =>
    [simulated ? 'simulated' : '', ...parts.map(escapeInvisible)].filter((part) => part !== '').join('  '),
  );
  const room = columns - 1;
  return shown.find((line) => displayWidth(line) <= room) ?? truncate(shown.at(-1) ?? '', room);
}

/** Depends on the terminal alone, so that the bar keeps its place while the text after it changes. */
function barWidth(columns: number): number {
  if (columns < 60) return 0;
  return columns < 100 ? (columns < 80 ? 10 : 16) : 24;
}

function bar(share: number, width: number): string {
  const done = Math.floor(Math.min(1, share) * width);
  return '█'.repeat(done) + '░'.repeat(width - done);
}

/** The same for a log: `512 of 1,000 rows, 29.6/s of 30/s, 3 failed, about 17 seconds left`. */
export function formatProgressReport(progress: Progress, nowMs: number): string {
  const { rows, settled, failed, limited } = progress;
  return [
    `${formatNumber(settled)} of ${formatCount(rows, 'row')}`,
    describeRate(progress, nowMs).long,
    failed > 0 ? `${formatNumber(failed)} failed` : '',
    limited > 0 ? `${formatNumber(limited)} rate-limited (429)` : '',
    describeWaiting(progress, nowMs).long,
  ]
    .filter((part) => part !== '')
    .join(', ');
}
