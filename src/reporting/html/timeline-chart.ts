/** Requests per second over time as a chart, and in words what slowed the run down. */

import type { Pause } from '../../events/run-state.js';
import { formatCount, formatDuration, formatNumber, formatRate, formatUtcTime } from '../../text/format.js';
import { escapeHtml } from './escape.js';
import { createTimeAxis, roundStep, type TimeAxis, type TimelineData } from './time-axis.js';

/** Horizontal places are in percent, so that text keeps its size on a phone; vertical ones in pixels. */
const PLOT = { top: 20, height: 150, units: 1000 } as const;
const AXIS_HEIGHT = 22;
const BARS = 150;
/** In units of the plot: few bars stand as close together as many. */
const BAR_GAP_MAX = 3;
/** More would be drawn over each other. */
const PAUSES_DRAWN_MAX = 400;

type Chart = {
  readonly axis: TimeAxis;
  readonly recorded: TimelineData;
  /** The plan's or the user's limit, in requests/s. */
  readonly limit: number;
  /** The top of the chart, in requests/s. */
  readonly top: number;
  /** The rate was lower than the limit at some time. */
  readonly isSlowed: boolean;
};

/** The figure with a caption that says the same; only a sentence if nothing was sent. */
export function renderTimelineChart(recorded: TimelineData, limit: number): string {
  const axis = createTimeAxis(recorded, BARS);
  if (!axis) return '<p class="quiet">No request was sent for a row, so there is nothing to draw.</p>';
  const fastest = axis.bins.reduce((most, { sent }) => Math.max(most, sent / axis.step), 0);
  const top = Math.max(limit * 1.12, fastest * 1.05, 1);
  const isSlowed = recorded.rates.some(({ perSecond }) => perSecond < limit);
  const chart: Chart = { axis, recorded, limit, top, isSlowed };
  const words = describeChart(chart);
  return `<figure class="timeline">
<svg width="100%" height="${PLOT.top + PLOT.height + AXIS_HEIGHT}" role="img" aria-label="${escapeHtml(`Requests per second over time. ${words}`)}">
${renderPlot(chart)}
${renderGaps(axis)}
${renderTicks(axis)}
</svg>
<figcaption>${renderKey(chart)}<p>${escapeHtml(words)}</p></figcaption>
</figure>`;
}

/** Areas and lines only, since this part of the drawing is stretched; no text. */
function renderPlot(chart: Chart): string {
  const { limit, recorded, isSlowed } = chart;
  const view = `x="0" y="${PLOT.top}" width="100%" height="${PLOT.height}" viewBox="0 0 ${PLOT.units} ${PLOT.height}" preserveAspectRatio="none"`;
  const shapes = [
    ...listLongestPauses(recorded.pauses).map((pause) => renderPause(chart, pause)),
    // All requests, and over them the first attempts: what remains visible are the retries.
    `<path class="retried" d="${formatBars(chart, ({ sent, retried }) => (retried > 0 ? sent : 0))}"/>`,
    `<path class="sent" d="${formatBars(chart, ({ sent, retried }) => sent - retried)}"/>`,
    isSlowed ? `<path class="allowed" d="${formatAllowedRate(chart)}"/>` : '',
    `<path class="limit" d="M0 ${toY(chart, limit)}H${PLOT.units}"/>`,
    `<path class="ground" d="M0 ${PLOT.height}H${PLOT.units}"/>`,
  ];
  const label = `<text class="limit-label" x="100%" y="${PLOT.top + toY(chart, limit) - 6}" text-anchor="end">limit ${formatRate(limit)} requests/s</text>`;
  return `<svg ${view}>${shapes.join('')}</svg>${label}`;
}

/** Bars from the ground up to the rate of what is counted. */
function formatBars(chart: Chart, count: (bin: TimeAxis['bins'][number]) => number): string {
  const { bins, step } = chart.axis;
  const full = PLOT.units / bins.length;
  const width = Math.max(1, full - Math.min(full * 0.14, BAR_GAP_MAX)).toFixed(1);
  return bins
    .map((bin, i) => {
      const top = toY(chart, count(bin) / step);
      return top < PLOT.height
        ? `M${(i * full).toFixed(1)} ${PLOT.height}V${top}h${width}V${PLOT.height}z`
        : '';
    })
    .join('');
}

/** The rate that was allowed at each time: below the limit after Zoom rate-limited the run. */
function formatAllowedRate(chart: Chart): string {
  const { axis, recorded, limit } = chart;
  let path = `M0 ${toY(chart, limit)}`;
  let last = 0;
  for (const { at, perSecond } of recorded.rates) {
    const x = toX(axis.place(at));
    // A long run changes its rate more often than the chart has pixels.
    if (x - last >= 1) path += `H${x}`;
    if (x - last >= 1) last = x;
    path += `V${toY(chart, perSecond)}`;
  }
  return `${path}H${toX(axis.place(recorded.lastAt))}`;
}

function renderPause({ axis, recorded }: Chart, { at, pauseMs, reason }: Pause): string {
  const from = axis.place(at);
  const to = axis.place(Math.min(at + pauseMs, Math.max(at, recorded.lastAt)));
  const title = `${formatUtcTime(at)}: ${formatDuration(pauseMs)}: ${reason}`;
  return `<rect class="pause" x="${toX(from)}" y="0" width="${toX(Math.max(0.001, to - from))}" height="${PLOT.height}"><title>${escapeHtml(title)}</title></rect>`;
}

function toY({ top }: Chart, perSecond: number): number {
  return Number((PLOT.height * (1 - Math.min(1, perSecond / top))).toFixed(1));
}

function toX(place: number): number {
  return Number((place * PLOT.units).toFixed(2));
}

function formatPercent(place: number): string {
  return `${Number((place * 100).toFixed(2))}%`;
}

function listLongestPauses(pauses: readonly Pause[]): readonly Pause[] {
  return [...pauses].sort((a, b) => b.pauseMs - a.pauseMs).slice(0, PAUSES_DRAWN_MAX);
}

/** Whether idle time is cut out before a bar. */
function isAfterGap({ bins, step }: TimeAxis, i: number): boolean {
  const [before, bin] = [bins[i - 1], bins[i]];
  return before !== undefined && bin !== undefined && bin.from - before.from > step;
}

/** Where idle time is cut out, and how long it was. */
function renderGaps(axis: TimeAxis): string {
  const { bins, step } = axis;
  const gaps = bins.flatMap(({ from }, i) => {
    const end = (bins[i - 1]?.from ?? from) + step;
    return isAfterGap(axis, i) ? [{ i, later: `${formatDuration((from - end) * 1000)} later` }] : [];
  });
  return gaps
    .map(({ i, later }) => {
      const x = formatPercent(i / bins.length);
      const text = gaps.length > 5 ? '' : `<text x="${x}" y="${PLOT.top - 8}">${later}</text>`;
      return `<g class="gap"><line x1="${x}" x2="${x}" y1="${PLOT.top}" y2="${PLOT.top + PLOT.height}"><title>${later}</title></line>${text}</g>`;
    })
    .join('');
}

const TICKS = 5;
/** A label this near to the left edge begins at its place; others are centred on theirs. */
const AT_EDGE = 0.04;
/** Labels nearer to each other than this share of the width would touch on a phone. */
const TICK_APART = { fromEdge: 0.25, between: 0.17 } as const;

/** Clock times below the plot: where each period of work begins, and at round times between. */
function renderTicks(axis: TimeAxis): string {
  const { bins, step } = axis;
  const tickStep = roundStep(bins.length * step, TICKS);
  const y = PLOT.top + PLOT.height + 15;
  let free = 0;
  return bins
    .map(({ from }, i) => {
      const place = i / bins.length;
      const isWanted = i === 0 || isAfterGap(axis, i) || from % tickStep === 0;
      if (!isWanted || place < free) return '';
      free = place + (place < AT_EDGE ? TICK_APART.fromEdge : TICK_APART.between);
      const clock = formatUtcTime(from * 1000).slice(11, tickStep >= 60 ? 16 : 19);
      const anchor = place < AT_EDGE ? 'start' : place > 0.93 ? 'end' : 'middle';
      return `<text class="tick" x="${formatPercent(place)}" y="${y}" text-anchor="${anchor}">${clock}</text>`;
    })
    .join('');
}

function renderKey({ axis, recorded, isSlowed }: Chart): string {
  const items = [
    '<li class="sent">first attempts</li>',
    axis.bins.some(({ retried }) => retried > 0) ? '<li class="retried">retries</li>' : '',
    '<li class="limit">limit</li>',
    isSlowed ? '<li class="allowed">allowed rate</li>' : '',
    recorded.pauses.length > 0 ? '<li class="pause">paused</li>' : '',
  ];
  return `<ul class="key">${items.join('')}</ul>`;
}

const REASONS_MAX = 4;

function describeChart({ axis: { bins, step }, recorded, limit }: Chart): string {
  const sum = (count: 'sent' | 'limited' | 'retried'): number => bins.reduce((n, bin) => n + bin[count], 0);
  const [sent, limited, retried] = [sum('sent'), sum('limited'), sum('retried')];
  let fastest = 0;
  for (const { sent: n } of recorded.timeline.values()) if (n > fastest) fastest = n;
  const reasons = describePauses(recorded.pauses);
  return [
    `${formatCount(sent, 'request')}, at most ${formatNumber(fastest)} in one second; the limit is ${formatRate(limit)} requests/s.`,
    ...(step > 1 ? [`Each bar is the average of ${formatDuration(step * 1000)}.`] : []),
    ...(retried > 0
      ? [`${formatNumber(retried)} of them ${retried === 1 ? 'was a retry' : 'were retries'}.`]
      : []),
    ...(limited > 0 ? [`Zoom rate-limited ${formatCount(limited, 'request')} (429).`] : []),
    ...(reasons.length > 0 ? [`Paused ${reasons.slice(0, REASONS_MAX).join(', ')}.`] : []),
    ...(reasons.length > REASONS_MAX ? ['There were further pauses for other reasons.'] : []),
    'Times are UTC.',
  ].join(' ');
}

/** Pauses by reason, the longest in total first: `3 times for 12 seconds (no answer)`. Overlapping pauses all count. */
function describePauses(pauses: readonly Pause[]): readonly string[] {
  const byReason = new Map<string, { n: number; totalMs: number }>();
  for (const { reason, pauseMs } of pauses) {
    const { n, totalMs } = byReason.get(reason) ?? { n: 0, totalMs: 0 };
    byReason.set(reason, { n: n + 1, totalMs: totalMs + pauseMs });
  }
  return [...byReason]
    .sort(([, a], [, b]) => b.totalMs - a.totalMs)
    .map(
      ([reason, { n, totalMs }]) => `${formatCount(n, 'time')} for ${formatDuration(totalMs)} (${reason})`,
    );
}
