/** The run over time as a drawing: requests a second under the limit, and below them what held the run up. */

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

/** Drawn over any width: across in percent, so that text keeps its size on a telephone; down in pixels. */
const PLOT = { top: 20, height: 150, units: 1000 } as const;
const LANE = { height: 32, bar: 10, label: 13 } as const;
const AXIS_HEIGHT = 22;
const BARS = 150;
/** More would be drawn over each other. */
const PAUSES_DRAWN_MAX = 400;

type Chart = {
  readonly axis: Axis;
  readonly bins: readonly Bin[];
  readonly recorded: TimelineData;
  /** The plan's or the user's limit, requests a second. */
  readonly limit: number;
  /** The top of the drawing, requests a second. */
  readonly most: number;
};

/** The figure, with a sentence that tells the same; where nothing was sent, that sentence alone. */
export function renderTimelineChart(recorded: TimelineData, limit: number): string {
  const axis = createTimeAxis(recorded);
  if (!axis) return '<p class="quiet">Nothing was sent, so there is no course of time to show.</p>';
  const bins = groupIntoBins(recorded, axis, BARS);
  const fastest = Math.max(...bins.map((bin) => bin.sent / bin.seconds));
  const chart: Chart = { axis, bins, recorded, limit, most: Math.max(limit * 1.12, fastest * 1.05, 1) };
  const lanes = lanesOf(chart);
  const height = PLOT.top + PLOT.height + AXIS_HEIGHT + lanes.length * LANE.height;
  const words = wordsFor(chart);
  return `<figure class="timeline">
<svg width="100%" height="${height}" role="img" aria-label="${escapeHtml(`Requests a second over time. ${words}`)}">
${plot(chart)}
${folds(chart)}
${ticks(chart)}
${lanes.map((lane, i) => laneDrawing(lane, PLOT.top + PLOT.height + AXIS_HEIGHT + i * LANE.height)).join('\n')}
</svg>
<figcaption>${key(chart)}<p>${escapeHtml(words)}</p></figcaption>
</figure>`;
}

/** Only what stretches without harm is in here: areas and lines, no text. */
function plot(chart: Chart): string {
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
    `<path class="again" d="${barsPath(chart, first, (bin) => bin.sent)}"/>`,
    allowedPath(chart),
    `<path class="limit" d="M0 ${down(chart, limit)}H${PLOT.units}"/>`,
    `<path class="ground" d="M0 ${PLOT.height}H${PLOT.units}"/>`,
  ];
  const label = `<text class="limit-label" x="100%" y="${PLOT.top + down(chart, limit) - 6}" text-anchor="end">limit ${shortNumber(limit)} a second</text>`;
  return `<svg ${view}>${shapes.join('')}</svg>${label}`;
}

function barsPath(
  { axis, bins, most }: Chart,
  low: (bin: Bin) => number,
  high: (bin: Bin) => number,
): string {
  const y = (value: number): string => (PLOT.height * (1 - value / most)).toFixed(1);
  let path = '';
  for (const bin of bins) {
    if (high(bin) <= low(bin)) continue;
    const from = axis.place(bin.from * 1000) * PLOT.units;
    const width = Math.max(1, (bin.seconds / axis.seconds) * PLOT.units * 0.86);
    const [bottom, top] = [y(low(bin) / bin.seconds), y(high(bin) / bin.seconds)];
    path += `M${from.toFixed(1)} ${bottom}V${top}h${width.toFixed(1)}V${bottom}z`;
  }
  return path;
}

/** The speed that was allowed at each time: below the limit after Zoom said that it was too much. */
function allowedPath(chart: Chart): string {
  const { axis, recorded, limit } = chart;
  const { rates } = recorded;
  if (rates.every(({ perSecond }) => perSecond >= limit)) return '';
  let path = `M0 ${down(chart, limit)}`;
  for (const { at, perSecond } of rates) path += `H${units(axis.place(at))}V${down(chart, perSecond)}`;
  return `<path class="allowed" d="${path}H${units(axis.place(recorded.lastAt))}"/>`;
}

function down({ most }: Chart, perSecond: number): number {
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

/** The longest ones, in the order of time. */
function drawnPauses(pauses: readonly Pause[]): readonly Pause[] {
  if (pauses.length <= PAUSES_DRAWN_MAX) return pauses;
  const longest = [...pauses].sort((a, b) => b.pauseMs - a.pauseMs).slice(0, PAUSES_DRAWN_MAX);
  return longest.sort((a, b) => a.at - b.at);
}

function pauseOnAxis({ axis, recorded }: Chart, { at, pauseMs }: Pause): { from: number; to: number } {
  return { from: axis.place(at), to: axis.place(Math.min(at + pauseMs, Math.max(at, recorded.lastAt))) };
}

/** A share of the width that can still be seen on a telephone. */
const MARK_MIN = 0.004;

/** One kind of mark below the plot, at its times. */
type Lane = {
  readonly name: string;
  readonly kind: 'limited' | 'again' | 'pause';
  readonly marks: readonly { readonly from: number; readonly width: number; readonly says: string }[];
};

function lanesOf(chart: Chart): readonly Lane[] {
  const { axis, bins, recorded } = chart;
  const marked = (count: (bin: Bin) => number, what: string): Lane['marks'] =>
    bins.flatMap((bin) => {
      if (count(bin) === 0) return [];
      const says = `${formatUtcTime(bin.from * 1000)}: ${formatCount(count(bin), what)}`;
      return [{ from: axis.place(bin.from * 1000), width: bin.seconds / axis.seconds, says }];
    });
  const total = (count: (bin: Bin) => number): number => bins.reduce((sum, bin) => sum + count(bin), 0);
  const { pauses } = recorded;
  const pausedMs = pauses.reduce((sum, { pauseMs }) => sum + pauseMs, 0);
  const lanes: readonly Lane[] = [
    {
      name: `429, too many requests: ${formatNumber(total((bin) => bin.limited))}`,
      kind: 'limited',
      marks: marked((bin) => bin.limited, 'answer'),
    },
    {
      name: `sent again: ${formatNumber(total((bin) => bin.retried))}`,
      kind: 'again',
      marks: marked((bin) => bin.retried, 'repeated attempt'),
    },
    {
      name: `pauses: ${formatNumber(pauses.length)}, ${formatDuration(pausedMs)}`,
      kind: 'pause',
      marks: drawnPauses(pauses).map((pause) => {
        const { from, to } = pauseOnAxis(chart, pause);
        const says = `${formatUtcTime(pause.at)}: ${formatDuration(pause.pauseMs)}: ${pause.why}`;
        return { from, width: to - from, says };
      }),
    },
  ];
  return lanes.filter(({ marks }) => marks.length > 0);
}

function laneDrawing({ name, kind, marks }: Lane, top: number): string {
  const y = top + LANE.label + 6;
  const drawn = marks.map(({ from, width, says }) => {
    const across = `x="${percent(from)}" width="${percent(Math.max(MARK_MIN, width))}"`;
    return `<rect ${across} y="${y}" height="${LANE.bar}"><title>${escapeHtml(says)}</title></rect>`;
  });
  return `<g class="lane ${kind}"><rect class="rail" x="0" y="${y}" width="100%" height="${LANE.bar}"/>${drawn.join('')}<text x="0" y="${top + LANE.label}">${escapeHtml(name)}</text></g>`;
}

/** Where idle time is folded, and how long it was. */
function folds({ axis }: Chart): string {
  return axis.stretches
    .slice(1)
    .map(({ from, start }, i) => {
      const before = axis.stretches[i];
      const later = formatDuration((from - (before?.to ?? from)) * 1000);
      const x = percent(start / axis.seconds);
      const text =
        axis.stretches.length > 6
          ? ''
          : `<text x="${x}" y="${PLOT.top - 8}">${escapeHtml(later)} later</text>`;
      return `<g class="fold"><line x1="${x}" x2="${x}" y1="${PLOT.top}" y2="${PLOT.top + PLOT.height}"><title>${escapeHtml(later)} later</title></line>${text}</g>`;
    })
    .join('');
}

const TICKS = 5;
/** A label that stands as near as that to the left edge begins at its place; others are centred on theirs. */
const AT_EDGE = 0.04;
/** Labels nearer to each other than that share of the width would touch on a telephone. */
const TICK_APART = { fromEdge: 0.25, between: 0.17 } as const;

/** Clock times below the plot: where each stretch begins, and at round times between. */
function ticks({ axis }: Chart): string {
  const step = roundStep(axis.seconds, TICKS);
  const found: { readonly at: number; readonly place: number }[] = [];
  const add = (second: number): void => {
    const place = axis.place(second * 1000);
    const last = found.at(-1);
    const apart = last && last.place < AT_EDGE ? TICK_APART.fromEdge : TICK_APART.between;
    if (place <= 1 && (!last || place - last.place >= apart)) found.push({ at: second, place });
  };
  for (const { from, to } of axis.stretches) {
    const end = axis.stretches.length === 1 ? from + axis.seconds : to;
    add(from);
    for (let second = Math.ceil((from + 1) / step) * step; second < end; second += step) add(second);
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

function key({ bins, recorded, limit }: Chart): string {
  const allowed = recorded.rates.some(({ perSecond }) => perSecond < limit);
  const items = [
    '<li class="sent">rows</li>',
    ...(bins.some(({ retried }) => retried > 0) ? ['<li class="again">sent again</li>'] : []),
    '<li class="limit">limit</li>',
    ...(allowed ? ['<li class="allowed">allowed speed</li>'] : []),
    ...(recorded.pauses.length > 0 ? ['<li class="pause">paused</li>'] : []),
  ];
  return `<ul class="key">${items.join('')}</ul>`;
}

const REASONS_TOLD = 4;

function wordsFor({ axis, bins, recorded, limit }: Chart): string {
  const sent = bins.reduce((sum, bin) => sum + bin.sent, 0);
  const limited = bins.reduce((sum, bin) => sum + bin.limited, 0);
  const retried = bins.reduce((sum, bin) => sum + bin.retried, 0);
  const fastest = Math.max(...[...recorded.timeline.values()].map((second) => second.sent));
  const barSeconds = roundStep(axis.seconds, BARS);
  const reasons = groupPausesByReason(recorded.pauses);
  const told = reasons
    .slice(0, REASONS_TOLD)
    .map(({ why, n, pauseMs }) => `${formatCount(n, 'time')} for ${formatDuration(pauseMs)} (${why})`);
  return [
    `${formatCount(sent, 'request')}, at most ${formatNumber(fastest)} in one second; the limit is ${shortNumber(limit)} a second.`,
    ...(barSeconds > 1 ? [`Each bar is the mean of ${formatDuration(barSeconds * 1000)}.`] : []),
    ...(retried > 0 ? [`${formatNumber(retried)} of them were repeated attempts.`] : []),
    ...(limited > 0 ? [`Zoom answered ${formatNumber(limited)} times that it was too much (429).`] : []),
    ...(told.length > 0 ? [`Paused ${told.join(', ')}.`] : []),
    ...(reasons.length > REASONS_TOLD ? ['There were more reasons to pause.'] : []),
    'Times are UTC.',
  ].join(' ');
}
