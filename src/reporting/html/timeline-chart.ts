/** Requests per second over time as a chart, and below it what slowed the run down. */

import type { Pause } from '../../events/run-state.js';
import { formatCount, formatDuration, formatNumber, formatUtcTime } from '../../text/format.js';
import { escapeHtml } from './escape.js';
import {
  type Axis,
  type Bin,
  createTimeAxis,
  groupIntoBins,
  groupPausesByReason,
  roundStep,
  type TimelineData,
} from './time-axis.js';

/** Horizontal places are in percent, so that text keeps its size on a phone; vertical ones in pixels. */
const PLOT = { top: 20, height: 150, units: 1000 } as const;
const LANE = { height: 32, bar: 10, label: 13 } as const;
const AXIS_HEIGHT = 22;
const BARS = 150;
/** In units of the plot: few bars stand as close together as many. */
const BAR_GAP_MAX = 3;
/** More would be drawn over each other. */
const PAUSES_DRAWN_MAX = 400;

type Chart = {
  readonly axis: Axis;
  readonly bins: readonly Bin[];
  readonly recorded: TimelineData;
  /** The plan's or the user's limit, in requests/s. */
  readonly limit: number;
  /** The top of the chart, in requests/s. */
  readonly top: number;
};

/** The figure with a caption that says the same; only a sentence if nothing was sent. */
export function renderTimelineChart(recorded: TimelineData, limit: number): string {
  const axis = createTimeAxis(recorded);
  if (!axis) return '<p class="quiet">No request was sent for a row, so there is nothing to draw.</p>';
  const bins = groupIntoBins(recorded, axis, BARS);
  const fastest = bins.reduce((most, bin) => Math.max(most, bin.sent / bin.seconds), 0);
  const chart: Chart = { axis, bins, recorded, limit, top: Math.max(limit * 1.12, fastest * 1.05, 1) };
  const lanes = listLanes(chart);
  const height = PLOT.top + PLOT.height + AXIS_HEIGHT + lanes.length * LANE.height;
  const words = describeChart(chart);
  return `<figure class="timeline">
<svg width="100%" height="${height}" role="img" aria-label="${escapeHtml(`Requests per second over time. ${words}`)}">
${renderPlot(chart)}
${renderGaps(chart)}
${renderTicks(chart)}
${lanes.map((lane, i) => renderLane(lane, PLOT.top + PLOT.height + AXIS_HEIGHT + i * LANE.height)).join('\n')}
</svg>
<figcaption>${renderKey(chart)}<p>${escapeHtml(words)}</p></figcaption>
</figure>`;
}

/** Areas and lines only, since this part of the drawing is stretched; no text. */
function renderPlot(chart: Chart): string {
  const { limit, recorded } = chart;
  const view = `x="0" y="${PLOT.top}" width="100%" height="${PLOT.height}" viewBox="0 0 ${PLOT.units} ${PLOT.height}" preserveAspectRatio="none"`;
  const first = (bin: Bin): number => bin.sent - bin.retried;
  const shapes = [
    ...drawnPauses(recorded.pauses).map((pause) => {
      const { from, to } = pauseOnAxis(chart, pause);
      return `<rect class="pause" x="${units(from)}" y="0" width="${units(Math.max(0.001, to - from))}" height="${PLOT.height}"/>`;
    }),
    `<path class="half" d="M0 ${down(chart, limit / 2)}H${PLOT.units}"/>`,
    `<path class="sent" d="${barsPath(chart, () => 0, first)}"/>`,
    `<path class="retried" d="${barsPath(chart, first, (bin) => bin.sent)}"/>`,
    allowedPath(chart),
    `<path class="limit" d="M0 ${down(chart, limit)}H${PLOT.units}"/>`,
    `<path class="ground" d="M0 ${PLOT.height}H${PLOT.units}"/>`,
  ];
  const label = `<text class="limit-label" x="100%" y="${PLOT.top + down(chart, limit) - 6}" text-anchor="end">limit ${shortNumber(limit)} requests/s</text>`;
  return `<svg ${view}>${shapes.join('')}</svg>${label}`;
}

function barsPath(
  { axis, bins, top: most }: Chart,
  low: (bin: Bin) => number,
  high: (bin: Bin) => number,
): string {
  const y = (value: number): string => (PLOT.height * (1 - value / most)).toFixed(1);
  let path = '';
  for (const bin of bins) {
    if (high(bin) <= low(bin)) continue;
    const from = axis.place(bin.from * 1000) * PLOT.units;
    const full = (bin.seconds / axis.seconds) * PLOT.units;
    const width = Math.max(1, full - Math.min(full * 0.14, BAR_GAP_MAX));
    const [bottom, top] = [y(low(bin) / bin.seconds), y(high(bin) / bin.seconds)];
    path += `M${from.toFixed(1)} ${bottom}V${top}h${width.toFixed(1)}V${bottom}z`;
  }
  return path;
}

/** The rate that was allowed at each time: below the limit after Zoom rate-limited the run. */
function allowedPath(chart: Chart): string {
  const { axis, recorded, limit } = chart;
  const { rates } = recorded;
  if (rates.every(({ perSecond }) => perSecond >= limit)) return '';
  let path = `M0 ${down(chart, limit)}`;
  let last = 0;
  for (const { at, perSecond } of rates) {
    const x = units(axis.place(at));
    // A long run changes its rate more often than the chart has pixels.
    if (x - last >= 1) path += `H${x}`;
    if (x - last >= 1) last = x;
    path += `V${down(chart, perSecond)}`;
  }
  return `<path class="allowed" d="${path}H${units(axis.place(recorded.lastAt))}"/>`;
}

function down({ top: most }: Chart, perSecond: number): number {
  return Number((PLOT.height * (1 - Math.min(1, perSecond / most))).toFixed(1));
}

function units(place: number): number {
  return Number((place * PLOT.units).toFixed(2));
}

function percent(place: number): string {
  return `${Number((place * 100).toFixed(2))}%`;
}

function shortNumber(value: number): string {
  return value >= 10 ? formatNumber(Math.round(value)) : String(Number(value.toFixed(1)));
}

/** The longest ones, in the order of their times. */
function drawnPauses(pauses: readonly Pause[]): readonly Pause[] {
  if (pauses.length <= PAUSES_DRAWN_MAX) return pauses;
  const longest = [...pauses].sort((a, b) => b.pauseMs - a.pauseMs).slice(0, PAUSES_DRAWN_MAX);
  return longest.sort((a, b) => a.at - b.at);
}

function pauseOnAxis({ axis, recorded }: Chart, { at, pauseMs }: Pause): { from: number; to: number } {
  return { from: axis.place(at), to: axis.place(Math.min(at + pauseMs, Math.max(at, recorded.lastAt))) };
}

/** The smallest share of the width that is visible on a phone. */
const MARK_MIN = 0.004;

/** One row of marks below the plot. */
type Lane = {
  readonly name: string;
  readonly kind: 'limited' | 'retried' | 'pause';
  readonly marks: readonly { readonly from: number; readonly width: number; readonly title: string }[];
};

function listLanes(chart: Chart): readonly Lane[] {
  const { axis, bins, recorded } = chart;
  const marked = (count: (bin: Bin) => number, what: string): Lane['marks'] =>
    bins.flatMap((bin) => {
      if (count(bin) === 0) return [];
      const title = `${formatUtcTime(bin.from * 1000)}: ${formatCount(count(bin), what)}`;
      return [{ from: axis.place(bin.from * 1000), width: bin.seconds / axis.seconds, title }];
    });
  const total = (count: (bin: Bin) => number): number => bins.reduce((sum, bin) => sum + count(bin), 0);
  const { pauses } = recorded;
  const pausedMs = pauses.reduce((sum, { pauseMs }) => sum + pauseMs, 0);
  const lanes: readonly Lane[] = [
    {
      name: `rate-limited (429): ${formatNumber(total((bin) => bin.limited))}`,
      kind: 'limited',
      marks: marked((bin) => bin.limited, 'rate-limited request'),
    },
    {
      name: `retries: ${formatNumber(total((bin) => bin.retried))}`,
      kind: 'retried',
      marks: marked((bin) => bin.retried, 'retry'),
    },
    {
      name: `pauses: ${formatNumber(pauses.length)}, ${formatDuration(pausedMs)} in total`,
      kind: 'pause',
      marks: drawnPauses(pauses).map((pause) => {
        const { from, to } = pauseOnAxis(chart, pause);
        const title = `${formatUtcTime(pause.at)}: ${formatDuration(pause.pauseMs)}: ${pause.reason}`;
        return { from, width: to - from, title };
      }),
    },
  ];
  return lanes.filter(({ marks }) => marks.length > 0);
}

function renderLane({ name, kind, marks }: Lane, top: number): string {
  const y = top + LANE.label + 6;
  const drawn = marks.map(({ from, width, title }) => {
    const across = `x="${percent(from)}" width="${percent(Math.max(MARK_MIN, width))}"`;
    return `<rect class="mark" ${across} y="${y}" height="${LANE.bar}"><title>${escapeHtml(title)}</title></rect>`;
  });
  return `<g class="lane ${kind}"><rect class="rail" x="0" y="${y}" width="100%" height="${LANE.bar}"/>${drawn.join('')}<text x="0" y="${top + LANE.label}">${escapeHtml(name)}</text></g>`;
}

/** Where idle time is cut out, and how long it was. */
function renderGaps({ axis }: Chart): string {
  return axis.periods
    .slice(1)
    .map(({ from, start }, i) => {
      const before = axis.periods[i];
      const later = formatDuration((from - (before?.to ?? from)) * 1000);
      const x = percent(start / axis.seconds);
      const text =
        axis.periods.length > 6 ? '' : `<text x="${x}" y="${PLOT.top - 8}">${escapeHtml(later)} later</text>`;
      return `<g class="gap"><line x1="${x}" x2="${x}" y1="${PLOT.top}" y2="${PLOT.top + PLOT.height}"><title>${escapeHtml(later)} later</title></line>${text}</g>`;
    })
    .join('');
}

const TICKS = 5;
/** A label this near to the left edge begins at its place; others are centred on theirs. */
const AT_EDGE = 0.04;
/** Labels nearer to each other than this share of the width would touch on a phone. */
const TICK_APART = { fromEdge: 0.25, between: 0.17 } as const;

/** Clock times below the plot: where each period begins, and at round times between. */
function renderTicks({ axis }: Chart): string {
  const step = roundStep(axis.seconds, TICKS);
  const found: { readonly at: number; readonly place: number }[] = [];
  const add = (second: number): void => {
    const place = axis.place(second * 1000);
    const last = found.at(-1);
    const apart = last && last.place < AT_EDGE ? TICK_APART.fromEdge : TICK_APART.between;
    if (place <= 1 && (!last || place - last.place >= apart)) found.push({ at: second, place });
  };
  for (const { from, to } of axis.periods) {
    add(from);
    for (let second = Math.ceil((from + 1) / step) * step; second < to; second += step) add(second);
  }
  const y = PLOT.top + PLOT.height + 15;
  return found
    .map(({ at, place }) => {
      const clock = formatUtcTime(at * 1000).slice(11, step >= 60 ? 16 : 19);
      const anchor = place < AT_EDGE ? 'start' : place > 0.93 ? 'end' : 'middle';
      return `<text class="tick" x="${percent(place)}" y="${y}" text-anchor="${anchor}">${clock}</text>`;
    })
    .join('');
}

function renderKey({ bins, recorded, limit }: Chart): string {
  const allowed = recorded.rates.some(({ perSecond }) => perSecond < limit);
  const items = [
    '<li class="sent">first attempts</li>',
    ...(bins.some(({ retried }) => retried > 0) ? ['<li class="retried">retries</li>'] : []),
    '<li class="limit">limit</li>',
    ...(allowed ? ['<li class="allowed">allowed rate</li>'] : []),
    ...(recorded.pauses.length > 0 ? ['<li class="pause">paused</li>'] : []),
  ];
  return `<ul class="key">${items.join('')}</ul>`;
}

const REASONS_MAX = 4;

function describeChart({ axis, bins, recorded, limit }: Chart): string {
  const sent = bins.reduce((sum, bin) => sum + bin.sent, 0);
  const limited = bins.reduce((sum, bin) => sum + bin.limited, 0);
  const retried = bins.reduce((sum, bin) => sum + bin.retried, 0);
  let fastest = 0;
  for (const { sent: n } of recorded.timeline.values()) if (n > fastest) fastest = n;
  const barSeconds = roundStep(axis.seconds, BARS);
  const reasons = groupPausesByReason(recorded.pauses);
  const listed = reasons
    .slice(0, REASONS_MAX)
    .map(({ reason, n, pauseMs }) => `${formatCount(n, 'time')} for ${formatDuration(pauseMs)} (${reason})`);
  return [
    `${formatCount(sent, 'request')}, at most ${formatNumber(fastest)} in one second; the limit is ${shortNumber(limit)} requests/s.`,
    ...(barSeconds > 1 ? [`Each bar is the average of ${formatDuration(barSeconds * 1000)}.`] : []),
    ...(retried > 0
      ? [`${formatNumber(retried)} of them ${retried === 1 ? 'was a retry' : 'were retries'}.`]
      : []),
    ...(limited > 0 ? [`Zoom rate-limited ${formatCount(limited, 'request')} (429).`] : []),
    ...(listed.length > 0 ? [`Paused ${listed.join(', ')}.`] : []),
    ...(reasons.length > REASONS_MAX ? ['There were further pauses for other reasons.'] : []),
    'Times are UTC.',
  ].join(' ');
}
