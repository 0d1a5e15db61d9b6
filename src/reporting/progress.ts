/** How far a run is, as a line: from the run's state, and from how fast this process may go. */
import type { Event } from '../events/event.js';
import { type RunState, sumCounts } from '../events/run-state.js';
import { formatCount, formatDuration, formatNumber, formatRate } from '../text/format.js';
import { displayWidth, escapeInvisible, truncate } from '../text/visible.js';
import { describeStop } from './stop-reasons.js';

/** Rates are measured over so many whole seconds. */
const WINDOW = 10;

export type Progress = {
  readonly state: Pick<RunState, 'counts' | 'timeline' | 'requests' | 'stop'>;
  /** Rows that the run has to settle. */
  readonly rows: number;
  readonly fullPerSecond: number;
  /** The rate that is allowed right now. */
  perSecond: number;
  pause: { readonly until: number; readonly reason: string } | undefined;
  /** Read requests since the last write. */
  reads: number;
  /** Since when the rate is measured: the first write, or the newest change of speed. */
  since: number | undefined;
};

/** A run before its first event. @param rows to be settled */
export function createProgress(rows: number, perSecond: number, state: Progress['state']): Progress {
  const fullPerSecond = perSecond;
  return { state, rows, fullPerSecond, perSecond, pause: undefined, reads: 0, since: undefined };
}

/** Takes one event into account, in place. */
export function updateProgress(progress: Progress, event: Event): void {
  if (event.type === 'attempt') {
    progress.reads = event.effect === 'read' ? progress.reads + 1 : 0;
    if (event.effect === 'write') progress.since ??= event.at;
  } else if (event.type === 'pace') {
    const { at, perSecond, pauseMs, reason } = event;
    progress.perSecond = perSecond;
    // What was sent before says nothing about the new speed: it would look as if the limit were broken.
    progress.since = at + pauseMs;
    if (pauseMs > 0) progress.pause = { until: at + pauseMs, reason };
  }
}

function countRows({ state: { counts }, rows }: Progress): {
  readonly settled: number;
  readonly failed: number;
} {
  const failed = (counts.get('failed') ?? 0) + (counts.get('unknown') ?? 0);
  return { settled: Math.min(rows, sumCounts(counts)), failed };
}

/** Writes and settled rows per second; undefined before the first whole second at this speed. */
function measureRates(
  { state: { timeline }, since }: Progress,
  nowMs: number,
): { readonly sent: number; readonly settled: number } | undefined {
  if (since === undefined) return undefined;
  const end = Math.floor(nowMs / 1000);
  const start = Math.max(end - WINDOW, Math.ceil(since / 1000));
  if (start >= end) return undefined;
  const seconds = Array.from({ length: end - start }, (_, i) => timeline.get(start + i));
  const average = (count: 'sent' | 'settled'): number =>
    seconds.reduce((sum, second) => sum + (second?.[count] ?? 0), 0) / seconds.length;
  return { sent: average('sent'), settled: average('settled') };
}

/** What the run waits for; empty if there is nothing to say. */
function describeWaiting(progress: Progress, nowMs: number): string {
  const { state, rows, perSecond, pause, reads, since } = progress;
  if (state.stop) return `stopping: ${describeStop(state.stop.reason)}`;
  if (pause && pause.until > nowMs) {
    return `paused ${Math.ceil((pause.until - nowMs) / 1_000)} s: ${pause.reason}`;
  }
  if (reads > 0) return `reading from Zoom: ${formatCount(reads, 'request')}`;
  const left = rows - countRows(progress).settled;
  if (left <= 0 || since === undefined) return '';
  const settling = measureRates(progress, nowMs)?.settled || perSecond;
  // Rows that exist already pass without a request; those to come may not. So never above the limit.
  const seconds = Math.round(left / Math.min(settling, perSecond));
  return `about ${formatDuration(seconds * 1000)} left`;
}

function describeRate(progress: Progress, nowMs: number): string {
  const { perSecond, fullPerSecond } = progress;
  const rates = measureRates(progress, nowMs);
  if (!rates) return '';
  const slowed = perSecond < fullPerSecond ? ` (slowed from ${formatRate(fullPerSecond)})` : '';
  return `${rates.sent.toFixed(1)}/s of ${formatRate(perSecond)}/s${slowed}`;
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
  const { settled, failed } = countRows(progress);
  const rate = describeRate(progress, nowMs);
  const wait = describeWaiting(progress, nowMs);
  const count = `${formatNumber(settled)}/${formatNumber(progress.rows)}`;
  const failures = failed > 0 ? `${formatNumber(failed)} failed` : '';
  const lines: readonly (readonly string[])[] = [
    [renderBar(settled / Math.max(1, progress.rows), columns), count, rate, failures, wait],
    [count, rate, failures, wait],
    [count, failures, wait],
    [count, wait],
  ];
  const shown = lines.map((parts) => joinParts('  ', simulated ? 'simulated' : '', ...parts));
  const room = columns - 1;
  return shown.find((line) => displayWidth(line) <= room) ?? truncate(shown.at(-1) ?? '', room);
}

/** Its width depends on the terminal alone, so that it keeps its place while the text after it changes. */
function renderBar(share: number, columns: number): string {
  const width = columns < 60 ? 0 : Math.min(24, Math.floor(columns / 5));
  const done = Math.floor(Math.min(1, share) * width);
  return '█'.repeat(done) + '░'.repeat(width - done);
}

function joinParts(separator: string, ...parts: readonly string[]): string {
  return parts
    .filter((part) => part !== '')
    .map(escapeInvisible)
    .join(separator);
}

/** The same for a log: `512 of 1,000 rows, 29.6/s of 30/s, 3 failed, about 17 s left`. */
export function formatProgressReport(
  progress: Progress,
  nowMs: number,
): { readonly message: string; readonly fields: Readonly<Record<string, number>> } {
  const { rows, state } = progress;
  const { settled, failed } = countRows(progress);
  const limited = state.requests.rateLimited;
  const message = joinParts(
    ', ',
    `${formatNumber(settled)} of ${formatCount(rows, 'row')}`,
    describeRate(progress, nowMs),
    failed > 0 ? `${formatNumber(failed)} failed` : '',
    limited > 0 ? `${formatNumber(limited)} rate-limited (429)` : '',
    describeWaiting(progress, nowMs),
  );
  return { message, fields: { rows, settled, failed } };
}
