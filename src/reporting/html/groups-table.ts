/** A line for each group of a run whose rows belong to groups: how many of its rows ended in which way. */
import { STATUS_NAMES, type Status } from '../../model/statuses.js';
import { formatNumber } from '../../text/format.js';
import type { Result } from '../results.js';
import { escapeHtml, formatText } from './escape.js';
import { renderBox } from './rows-table.js';
import { renderStatusBadge } from './status-style.js';

type GroupTotals = { rows: number; missing: number; readonly counts: Map<Status, number> };

/** In order of their first row. */
export type GroupsTotals = Map<string, GroupTotals>;

/** More of them would make the page slow; results.csv has every row with its group. */
const GROUPS_MAX = 2_000;

const NAME_LENGTH_MAX = 200;

export function addToGroup(groups: GroupsTotals, group: string, { outcome, provisioned }: Result): void {
  const totals = groups.get(group) ?? { rows: 0, missing: 0, counts: new Map() };
  groups.set(group, totals);
  totals.rows += 1;
  if (!provisioned) totals.missing += 1;
  totals.counts.set(outcome.status, (totals.counts.get(outcome.status) ?? 0) + 1);
}

/** Groups with rows that are not provisioned come first; empty if the rows belong to no groups. */
export function renderGroupsSection(groups: GroupsTotals): string {
  if (groups.size === 0) return '';
  const sorted = [...groups].sort(([, a], [, b]) => b.missing - a.missing).slice(0, GROUPS_MAX);
  const statuses = STATUS_NAMES.filter((status) => sorted.some(([, { counts }]) => counts.has(status)));
  const heads = ['<th scope="col" class="name">Group</th>', '<th scope="col" class="number">Rows</th>'];
  const badges = statuses.map((status) => `<th scope="col" class="number">${renderStatusBadge(status)}</th>`);
  const lines = sorted.map(([group, { rows, counts }]) => {
    const name = `<td class="name" data-title="Group"><bdi>${escapeHtml(formatText(group, NAME_LENGTH_MAX))}</bdi></td>`;
    const cells = statuses.map((status) => renderCount(status, counts.get(status)));
    return `<tr>${name}${renderCount('Rows', rows)}${cells.join('')}</tr>`;
  });
  const note =
    groups.size > sorted.length
      ? `<p class="quiet">The first ${formatNumber(sorted.length)} of ${formatNumber(groups.size)} groups.</p>\n`
      : '';
  return `<section aria-labelledby="groups-title"><h2 id="groups-title">Groups: ${formatNumber(groups.size)}</h2>
${note}${renderBox('', 'Rows of each group, by status', [...heads, ...badges], lines)}
</section>`;
}

function renderCount(title: string, count: number | undefined): string {
  return `<td class="number" data-title="${escapeHtml(title)}">${count === undefined ? '' : formatNumber(count)}</td>`;
}
