/** The progress of a run: its events reduced to what a progress line needs, and the line. */
import type { Event, EventOf } from '../events/event.js';
import { formatCount, formatEstimate, formatNumber } from '../text/format.js';
import { displayWidth, escapeInvisible, truncate } from '../text/visible.js';
import { describeStop } from './stop-reasons.js';

/** Rates are averages over so many seconds, the current one included. */
const WINDOW = 10;

/** One second of the window; a slot is reused for a later second. */
type Slot = { second: number; sent: number; settled: number };

/** Updated in place: a million events leave no garbage. */
export type Progress = {
  /** Rows that need an outcome. */
  readonly rows: number;
  settled: number;
  /** Attempts, retries included. */
  sent: number;
  retried: number;
  /** 429s. */
  limited: number;
  /** Failed or unknown rows. */
  failed: number;
  readonly fullPerSecond: number;
  /** The rate that is allowed now. */
  perSecond: number;
  pause: { readonly until: number; readonly why: string } | undefined;
  /** Existing groups read so far, during a listing. */
  listed: number | undefined;
  /** The reason of the stop, after which no further row is started. */
  stopping: string | undefined;
  readonly startedAt: number;
  /** Since when the rate is measured: the first attempt, or the latest change of rate. */
  since: number | undefined;
  readonly window: readonly Slot[];
  /** Created rows without an id: the closing listing settles them a second time. */
  readonly withoutId: Set<string>;
};

/**
 * A run before its first event.
 * @param rows to be settled, @param at ms since 1970, @param done how many of them an earlier process settled
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
    listed: undefined,
    stopping: undefined,
    startedAt: at,
    since: undefined,
    window: Array.from({ length: WINDOW }, () => ({ second: -1, sent: 0, settled: 0 })),
    withoutId: new Set(),
  };
}

/** Applies one event, in place. */
export function updateProgress(progress: Progress, event: Event): void {
  switch (event.e) {
    case 'run':
    case 'input':
    case 'kept':
    case 'end':
      return;
    case 'listed':
      progress.listed = (progress.listed ?? 0) + event.groups.length;
      return;
    case 'listing':
      progress.listed = undefined;
      return;
    case 'attempt':
      applyAttempt(progress, event);
      return;
    case 'reply':
      if (event.kind === 'limited') progress.limited += 1;
      return;
    case 'settled':
      applySettled(progress, event);
      return;
    case 'pace':
      applyPace(progress, event);
      return;
    case 'stop':
      progress.stopping = event.stop.reason;
      return;
  }
}

function applyAttempt(progress: Progress, { at, n }: EventOf<'attempt'>): void {
  progress.listed = undefined;
  progress.sent += 1;
  if (n > 1) progress.retried += 1;
  // Between n requests lie n - 1 intervals: counting the first would overstate the rate.
  if (progress.since === undefined) progress.since = at;
  else slotOf(progress, at).sent += 1;
}

/** Requests sent before would make the new rate look exceeded. */
function applyPace(progress: Progress, { at, perSecond, pauseMs, why }: EventOf<'pace'>): void {
  progress.perSecond = perSecond;
  progress.since = at + pauseMs;
  if (pauseMs > 0) progress.pause = { until: at + pauseMs, why };
  for (const slot of progress.window) slot.second = -1;
}

function applySettled(progress: Progress, { at, key, outcome }: EventOf<'settled'>): void {
  if (progress.withoutId.delete(key)) return;
  if (outcome.status === 'created' && outcome.groupId === undefined) progress.withoutId.add(key);
  if (outcome.status === 'failed' || outcome.status === 'unknown') progress.failed += 1;
  progress.settled += 1;
  slotOf(progress, at).settled += 1;
}

const EMPTY: Slot = { second: -1, sent: 0, settled: 0 };

function slotOf({ window }: Progress, at: number): Slot {
  const second = Math.floor(at / 1000);
  const slot = window[second % WINDOW] ?? EMPTY;
  if (slot.second === second) return slot;
  slot.second = second;
  slot.sent = 0;
  slot.settled = 0;
  return slot;
}

/** Sent and settled per second, over the last ten seconds since the rate changed. */
function rates({ window, since }: Progress, nowMs: number): { sent: number; settled: number } {
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

/** What the run waits for, or the time left, long and short; empty if nothing is known. */
function waitText(progress: Progress, nowMs: number): { readonly long: string; readonly short: string } {
  const { rows, settled, perSecond, pause, listed, stopping } = progress;
  if (stopping !== undefined) return { long: `stopping: ${describeStop(stopping)}`, short: 'stopping' };
  if (pause && pause.until > nowMs) {
    const short = `paused ${Math.ceil((pause.until - nowMs) / 1_000)} s`;
    return { long: `${short}: ${pause.why}`, short };
  }
  if (listed !== undefined) {
    return { long: `listing existing groups: ${formatNumber(listed)}`, short: 'listing' };
  }
  const left = rows - settled;
  if (left <= 0 || progress.since === undefined) return { long: '', short: '' };
  // Existing rows need no request, but the remaining ones may: the estimate never exceeds the limit.
  const settling = nowMs - progress.since < 2_000 ? 0 : rates(progress, nowMs).settled;
  const long = `${formatEstimate(left / (settling > 0 ? Math.min(settling, perSecond) : perSecond))} left`;
  return { long, short: long.replace(/^about /, '') };
}

function rateText(progress: Progress, nowMs: number): { readonly long: string; readonly short: string } {
  const { perSecond, fullPerSecond, since } = progress;
  if (since === undefined) return { long: '', short: '' };
  const short = `${rates(progress, nowMs).sent.toFixed(1)}/s`;
  const slowed = perSecond < fullPerSecond ? ` (slowed from ${rounded(fullPerSecond)})` : '';
  return { long: `${short} of ${rounded(perSecond)}/s${slowed}`, short };
}

/** At most one decimal: `30`, `16.5`. */
function rounded(n: number): string {
  return String(Math.round(n * 10) / 10);
}

/**
 * One line for a terminal, one column narrower than it: some terminals wrap a full line. A narrow terminal gets
 * fewer parts.
 */
export function formatProgressLine(
  progress: Progress,
  nowMs: number,
  columns: number,
  simulated: boolean = false,
): string {
  const { rows, settled } = progress;
  const rate = rateText(progress, nowMs);
  const wait = waitText(progress, nowMs);
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
  const candidates = lines.map((parts) =>
    [simulated ? 'simulated' : '', ...parts.map(escapeInvisible)].filter((part) => part !== '').join('  '),
  );
  const room = columns - 1;
  return candidates.find((line) => displayWidth(line) <= room) ?? truncate(candidates.at(-1) ?? '', room);
}

/** Depends on the terminal alone, so that the bar does not move while the words after it change. */
function barWidth(columns: number): number {
  if (columns < 60) return 0;
  return columns < 100 ? (columns < 80 ? 10 : 16) : 24;
}

function bar(share: number, width: number): string {
  const done = Math.floor(Math.min(1, share) * width);
  return '█'.repeat(done) + '░'.repeat(width - done);
}

/** The same as a sentence for a log: `512 of 1,000 rows, 29.6/s of 30/s, 3 failed, about 17 s left`. */
export function formatProgressReport(progress: Progress, nowMs: number): string {
  const { rows, settled, failed, limited } = progress;
  return [
    `${formatNumber(settled)} of ${formatCount(rows, 'row')}`,
    rateText(progress, nowMs).long,
    failed > 0 ? `${formatNumber(failed)} failed` : '',
    limited > 0 ? `${formatNumber(limited)} rate-limited (429)` : '',
    waitText(progress, nowMs).long,
  ]
    .filter((part) => part !== '')
    .join(', ');
}
