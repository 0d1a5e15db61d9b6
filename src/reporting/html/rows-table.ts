/** Rows on the page: as data for the page's script, as table rows for a reader without scripts, and the reasons. */

import type { Status } from '../../model/statuses.js';
import { formatNumber } from '../../text/format.js';
import type { Result } from '../results.js';
import { escapeHtml, formatScriptJson, formatText } from './escape.js';
import { renderStatusBadge } from './status-style.js';

/** What the page knows of a row. An array, since 100,000 of them are sent to a browser; the script knows the order. */
export type TableRow = readonly [
  line: number,
  name: string,
  status: Status,
  detail: string,
  http: number | '',
  code: number | '',
  attempts: number,
  groupId: string,
  trackingId: string,
  provisioned: 0 | 1,
];

/** Longer texts are cut on the page; results.csv has them whole. In UTF-16 units. */
const LENGTH_MAX = { name: 512, detail: 1_000, id: 200 } as const;

export function toTableRow({ row, name, outcome, provisioned }: Result): TableRow {
  const { status, detail, http, code, attempts, groupId, trackingId } = outcome;
  return [
    row.line,
    formatText(name, LENGTH_MAX.name),
    status,
    formatText(detail, LENGTH_MAX.detail),
    http ?? '',
    code ?? '',
    attempts,
    formatText(groupId ?? '', LENGTH_MAX.id),
    formatText(trackingId ?? '', LENGTH_MAX.id),
    provisioned ? 1 : 0,
  ];
}

/** One row as JSON that may stand in a script element. */
export function formatRowJson(row: TableRow): string {
  return formatScriptJson(row);
}

type Column = {
  readonly title: string;
  /** Of the cell, for the style. */
  readonly kind: string;
  readonly cell: (row: TableRow) => string;
};

/** The columns of both tables, in order. The page's script builds the same cells. */
const COLUMNS: readonly Column[] = [
  { title: 'Line', kind: 'number', cell: ([line]) => String(line) },
  { title: 'Name', kind: 'name', cell: ([, name]) => `<bdi>${escapeHtml(name)}</bdi>` },
  { title: 'Status', kind: 'status', cell: ([, , status]) => renderStatusBadge(status) },
  { title: 'Detail', kind: 'detail', cell: ([, , , detail]) => `<bdi>${escapeHtml(detail)}</bdi>` },
  { title: 'Answer', kind: 'answer', cell: ([, , , , http, code]) => answer(http, code) },
  { title: 'Attempts', kind: 'number', cell: (row) => String(row[6]) },
  { title: 'Group ID', kind: 'id', cell: (row) => escapeHtml(row[7]) },
  { title: 'Tracking ID', kind: 'id', cell: (row) => escapeHtml(row[8]) },
];

function answer(http: number | '', code: number | ''): string {
  return [http, code].filter((part) => part !== '').join(' · ');
}

function tableRow(row: TableRow, columns: readonly Column[]): string {
  return `<tr>${columns.map(({ kind, cell }) => `<td class="${kind}">${cell(row)}</td>`).join('')}</tr>`;
}

/** The table of all rows, of which the script takes hold. */
export function renderRowsTable(caption: string, rows: readonly TableRow[]): string {
  return table('rows', caption, rows, COLUMNS);
}

/** The table of what is not provisioned: without the column that is empty there. */
export function renderMissingTable(caption: string, rows: readonly TableRow[]): string {
  const columns = COLUMNS.filter(({ title }) => title !== 'Group ID' || rows.some((row) => row[7] !== ''));
  return table('missing', caption, rows, columns);
}

/** In a box that scrolls by itself, so that a wide table does not widen the page. */
function table(id: string, caption: string, rows: readonly TableRow[], columns: readonly Column[]): string {
  const heads = columns.map(({ title, kind }) => `<th scope="col" class="${kind}">${title}</th>`).join('');
  return `<div class="box" id="${id}" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table>
<caption>${escapeHtml(caption)}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows.map((row) => tableRow(row, columns)).join('\n')}
</tbody>
</table></div>`;
}

/** Counts why rows are not provisioned: 300 rows often share one reason. */
export type Reasons = Map<string, { readonly status: Status; readonly detail: string; n: number }>;

/** More different ones tell nothing, and a page is no place for a million of them. */
const REASONS_MAX = 500;
const REASONS_SHOWN = 8;

export function countReason(reasons: Reasons, [, , status, detail]: TableRow): void {
  const known = reasons.get(`${status}:${detail}`);
  if (known) known.n += 1;
  else if (reasons.size < REASONS_MAX) reasons.set(`${status}:${detail}`, { status, detail, n: 1 });
}

/** The reasons that several rows share, the most frequent first; nothing where each row has its own. */
export function renderReasonsList(reasons: Reasons, rows: number): string {
  if (reasons.size === rows) return '';
  const sorted = [...reasons.values()].sort((a, b) => b.n - a.n);
  const told = sorted.slice(0, REASONS_SHOWN);
  const rest = rows - told.reduce((sum, { n }) => sum + n, 0);
  const items = told.map(
    ({ status, detail, n }) =>
      `<li><b>${formatNumber(n)}</b> ${renderStatusBadge(status)} <bdi>${escapeHtml(detail)}</bdi></li>`,
  );
  if (rest > 0) items.push(`<li><b>${formatNumber(rest)}</b> <span>for other reasons</span></li>`);
  return `<ul class="reasons" aria-label="Reasons">${items.join('\n')}</ul>`;
}
