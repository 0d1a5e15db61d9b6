/** The counts as one bar with a part for each status, and a legend that says the same in words. */
import { STATUS_NAMES, STATUSES, type Status } from '../../model/statuses.js';
import { formatNumber } from '../../text/format.js';
import type { Summary } from '../summary.js';
import { escapeHtml } from './escape.js';
import { isOpen } from './status-style.js';

type Part = { readonly status: Status; readonly n: number; readonly from: number; readonly width: number };

/** In percent: one row of 20,000 stays visible. */
const WIDTH_MIN = 0.7;

/** Where each part of the bar lies, in percent; parts too thin to see are widened at the cost of the others. */
export function splitBar(counts: Summary['counts']): readonly Part[] {
  const present = STATUS_NAMES.map((status) => ({ status, n: counts[status] ?? 0 })).filter(({ n }) => n > 0);
  const rows = present.reduce((sum, { n }) => sum + n, 0);
  const widened = present.map(({ status, n }) => ({
    status,
    n,
    share: Math.max(WIDTH_MIN, (n / rows) * 100),
  }));
  const total = widened.reduce((sum, { share }) => sum + share, 0);
  let from = 0;
  return widened.map(({ status, n, share }) => {
    const width = (share / total) * 100;
    const part = { status, n, from, width };
    from += width;
    return part;
  });
}

const BAR_HEIGHT = 44;

/** The figure; empty if there are no rows. */
export function renderCountsBar(counts: Summary['counts']): string {
  const parts = splitBar(counts);
  if (parts.length === 0) return '';
  const words = parts.map(({ status, n }) => `${formatNumber(n)} ${status}`).join(', ');
  return `<figure class="counts">
<svg class="bar" width="100%" height="${BAR_HEIGHT}" role="img" aria-label="${escapeHtml(`Rows by status: ${words}`)}">
<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="2" height="7"/></pattern></defs>
${parts.map(renderPart).join('\n')}
</svg>
<ul class="legend">
${parts.map(renderLegendItem).join('\n')}
</ul>
</figure>`;
}

function renderPart({ status, n, from, width }: Part): string {
  const place = `x="${percent(from)}" y="0" width="${percent(width)}" height="${BAR_HEIGHT}"`;
  const hatch = isOpen(status) ? `<rect ${place} fill="url(#hatch)"/>` : '';
  // On a phone a digit takes three percent of the width, the sign with some space around it six.
  const fits = width > 6 + 3 * formatNumber(n).length;
  const label = fits
    ? `<text x="${percent(from + width / 2)}" y="${BAR_HEIGHT / 2}">${STATUSES[status].sign} ${formatNumber(n)}</text>`
    : '';
  const edge =
    from === 0 ? '' : `<line x1="${percent(from)}" x2="${percent(from)}" y1="0" y2="${BAR_HEIGHT}"/>`;
  return `<g class="s-${status}"><title>${formatNumber(n)} ${status}</title><rect ${place} class="part"/>${hatch}${label}${edge}</g>`;
}

function renderLegendItem({ status, n }: Part): string {
  const { sign, meaning } = STATUSES[status];
  const swatch = `<span class="swatch" aria-hidden="true">${sign}</span>`;
  return `<li class="s-${status}">${swatch}<b>${formatNumber(n)}</b> <span><span class="word">${status}</span> <small>${escapeHtml(meaning)}</small></span></li>`;
}

function percent(value: number): string {
  return `${Number(value.toFixed(3))}%`;
}
