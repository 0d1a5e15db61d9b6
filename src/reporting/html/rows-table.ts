/** Rows on the page: as data for the page's script, as table rows to read without it, and the reasons of failure. */
import type { Status } from '../../model/statuses.js';
import type { IdColumn } from '../../resources/resource.js';
import { formatNumber } from '../../text/format.js';
import type { FailureReason } from '../failure-reasons.js';
import type { Result } from '../results.js';
import { escapeHtml, formatText } from './escape.js';
import { renderStatusBadge } from './status-style.js';

/** Rows on one page of the table: as many as are quick to draw and to read. */
export const PAGE_ROWS = 100;

/** What the page knows of a row: an array, since a browser gets up to 100,000 of them. page.js reads the same places. */
export type TableRow = readonly [
  line: number,
  name: string,
  status: Status,
  detail: string,
  http: number | '',
  code: number | '',
  attempts: number,
  trackingId: string,
  provisioned: 0 | 1,
  ...ids: string[],
];

/** In UTF-16 units: longer texts are cut on the page; results.csv has them whole. */
const LENGTH_MAX = { name: 512, detail: 1_000, id: 200 } as const;

export function toTableRow(
  { row, name, outcome, attempts, provisioned }: Result,
  idColumns: readonly IdColumn[],
): TableRow {
  const { status, detail, httpStatus, code, trackingId } = outcome;
  return [
    row.line,
    formatText(name, LENGTH_MAX.name),
    status,
    formatText(detail, LENGTH_MAX.detail),
    httpStatus ?? '',
    code ?? '',
    attempts,
    formatText(trackingId ?? '', LENGTH_MAX.id),
    provisioned ? 1 : 0,
    ...idColumns.map(({ id }) => formatText(outcome.ids?.[id] ?? '', LENGTH_MAX.id)),
  ];
}

/** Whether the row is not provisioned. */
export function isMissing(row: TableRow): boolean {
  return row[8] === 0;
}

/** A column of both tables. Another one, such as the group of a membership, needs a place in the row and an entry. */
type Column = {
  readonly title: string;
  /** Decides how a cell is drawn, compared and styled, here and in page.js. */
  readonly kind: 'number' | 'name' | 'status' | 'detail' | 'response' | 'id';
  /** The place in the row. */
  readonly index: number;
};

const FIRST_ID_INDEX = 9;

function listColumns(idColumns: readonly IdColumn[]): readonly Column[] {
  return [
    { title: 'Line', kind: 'number', index: 0 },
    { title: 'Name', kind: 'name', index: 1 },
    { title: 'Status', kind: 'status', index: 2 },
    { title: 'Detail', kind: 'detail', index: 3 },
    { title: 'Response', kind: 'response', index: 4 },
    { title: 'Attempts', kind: 'number', index: 6 },
    ...idColumns.map(({ column }, i) => ({
      title: formatIdTitle(column),
      kind: 'id' as const,
      index: FIRST_ID_INDEX + i,
    })),
    { title: 'Tracking ID', kind: 'id', index: 7 },
  ];
}

/** `zoom__group_id` as a heading: `Group ID`. */
function formatIdTitle(column: string): string {
  const words = column.replace(/^zoom__/, '').replaceAll('_', ' ');
  return (words.charAt(0).toUpperCase() + words.slice(1)).replace(/\bid\b/, 'ID');
}

function renderCell(row: TableRow, { title, kind, index }: Column): string {
  const [, , status, , http, code] = row;
  const text = escapeHtml(row[index] ?? '');
  const content = {
    number: text,
    name: `<bdi>${text}</bdi>`,
    status: renderStatusBadge(status),
    detail: `<bdi>${text}</bdi>`,
    response: [http, code].filter((part) => part !== '').join(' · '),
    id: text,
  }[kind];
  return `<td class="${kind}" data-title="${escapeHtml(title)}">${content}</td>`;
}

/**
 * The table of all rows, which the page's script takes over; or that of the rows that are not provisioned, without the
 * columns that are empty there.
 */
export function renderTable(
  id: 'rows' | 'missing',
  caption: string,
  rows: readonly TableRow[],
  idColumns: readonly IdColumn[],
): string {
  const columns = listColumns(idColumns).filter(
    ({ kind, index }) =>
      id === 'rows' || (kind !== 'id' && kind !== 'response') || rows.some((row) => row[index] !== ''),
  );
  const heads = columns.map(
    ({ title, kind, index }) =>
      `<th scope="col" class="${kind}" data-index="${index}">${escapeHtml(title)}</th>`,
  );
  const lines = rows.map((row) => `<tr>${columns.map((column) => renderCell(row, column)).join('')}</tr>`);
  return renderBox(` id="${id}" data-page-rows="${PAGE_ROWS}"`, caption, heads, lines);
}

/** A table in a box that scrolls by itself, so that a long one leaves the page short. */
export function renderBox(
  attributes: string,
  caption: string,
  heads: readonly string[],
  lines: readonly string[],
): string {
  return `<div class="box"${attributes} tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table>
<caption>${escapeHtml(caption)}</caption>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table></div>`;
}

/** The most frequent reasons; empty if each row has a reason of its own, since the table says the same. */
export function renderReasonsList(reasons: readonly FailureReason[], rows: number): string {
  if (reasons.every((reason) => reason.rows === 1)) return '';
  const rest = rows - reasons.reduce((sum, reason) => sum + reason.rows, 0);
  const items = reasons.map(
    ({ status, reason, rows: n }) =>
      `<li><b>${formatNumber(n)}</b> ${renderStatusBadge(status)} <span><bdi>${escapeHtml(formatText(reason, LENGTH_MAX.detail))}</bdi></span></li>`,
  );
  if (rest > 0)
    items.push(`<li><b>${formatNumber(rest)}</b> <span></span> <span>for other reasons</span></li>`);
  return `<ul class="reasons" aria-label="Reasons">${items.join('\n')}</ul>`;
}
