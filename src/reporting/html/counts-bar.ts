/** The counts as a picture: one bar, a part for each status, and a legend that tells the same in words. */

import { STATUSES, type Status } from '../../model/statuses.js';
import { formatNumber } from '../../text/format.js';
import type { Summary } from '../results.js';
import { escapeHtml } from './escape.js';
import { STATUS_STYLES } from './status-style.js';

type Part = { readonly status: Status; readonly n: number; readonly from: number; readonly width: number };

/** A part of one row in 20,000 is still to be seen. In percent. */
const WIDTH_MIN = 0.7;

/** Where each part of the bar lies, in percent; parts too thin to be seen are widened at the cost of the others. */
export function splitBar(counts: Summary['counts']): readonly Part[] {
  const present = STATUSES.filter((status) => (counts[status] ?? 0) > 0);
  const rows = present.reduce((sum, status) => sum + counts[status], 0);
  const widened = present.map((status) => Math.max(WIDTH_MIN, (counts[status] / rows) * 100));
  const whole = widened.reduce((sum, width) => sum + width, 0);
  let from = 0;
  return present.map((status, i) => {
    const width = ((widened[i] ?? 0) / whole) * 100;
    const part = { status, n: counts[status], from, width };
    from += width;
    return part;
  });
}

const BAR_HEIGHT = 44;

/** The figure; a page of no rows has none. */
export function renderCountsBar(counts: Summary['counts']): string {
  const parts = splitBar(counts);
  if (parts.length === 0) return '';
  const words = parts.map(({ status, n }) => `${formatNumber(n)} ${status}`).join(', ');
  return `<figure class="counts">
<svg class="bar" width="100%" height="${BAR_HEIGHT}" role="img" aria-label="${escapeHtml(`Rows by status: ${words}`)}">
<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="2" height="7"/></pattern></defs>
${parts.map(segment).join('\n')}
</svg>
<ul class="legend">
${parts.map(legendItem).join('\n')}
</ul>
</figure>`;
}

function segment({ status, n, from, width }: Part): string {
  const place = `x="${percent(from)}" y="0" width="${percent(width)}" height="${BAR_HEIGHT}"`;
  const hatch = STATUS_STYLES[status].open ? `<rect ${place} fill="url(#hatch)"/>` : '';
  // Digits want room: three percent each on a telephone, and the sign and some air as much as two.
  const fits = width > 5.5 + 3 * formatNumber(n).length;
  const label = fits
    ? `<text x="${percent(from + width / 2)}" y="${BAR_HEIGHT / 2}">${STATUS_STYLES[status].sign} ${formatNumber(n)}</text>`
    : '';
  const edge =
    from === 0 ? '' : `<line x1="${percent(from)}" x2="${percent(from)}" y1="0" y2="${BAR_HEIGHT}"/>`;
  return `<g class="s-${status}"><title>${formatNumber(n)} ${status}</title><rect ${place} class="part"/>${hatch}${label}${edge}</g>`;
}

function legendItem({ status, n }: Part): string {
  const { sign, means, open } = STATUS_STYLES[status];
  const swatch = `<span class="swatch${open ? ' open' : ''}" aria-hidden="true">${sign}</span>`;
  return `<li class="s-${status}">${swatch}<b>${formatNumber(n)}</b> <span class="word">${status}</span> <small>${escapeHtml(means)}</small></li>`;
}

function percent(value: number): string {
  return `${Number(value.toFixed(3))}%`;
}
