/**
 * `report.html`: a run for a person to look at. One file without anything from elsewhere, written piece by piece in
 * one pass over the results; what is kept meanwhile is bounded.
 */

import type { RunState } from '../../events/run-state.js';
import { STATUSES, type Status } from '../../model/statuses.js';
import { EXIT } from '../../model/stop.js';
import { formatCount, formatDuration, formatNumber, formatUtcTime } from '../../text/format.js';
import { formatHeadline, isRollback } from '../headline.js';
import type { Result, Summary } from '../results.js';
import { renderCountsBar } from './counts-bar.js';
import { escapeHtml, fileName, formatSiblingLink } from './escape.js';
import { PAGE_ROWS, SCRIPT } from './page-script.js';
import {
  countReason,
  formatRowJson,
  type Reasons,
  renderMissingTable,
  renderReasonsList,
  renderRowsTable,
  type TableRow,
  toTableRow,
} from './rows-table.js';
import { STYLE } from './stylesheet.js';
import type { TimelineData } from './time-axis.js';
import { renderTimelineChart } from './timeline-chart.js';

/** Of a longer run the page carries only what is not provisioned, and of that no more than this. */
export const ROWS_MAX = 100_000;
/** Rows that are not provisioned and can be read without scripts. */
const MISSING_SHOWN_MAX = 300;

/** What the page needs of a history. */
export type PageTotals = TimelineData & Pick<RunState, 'stop'>;

/** A page on its way: the results go in one after the other, and the text comes out at the end. */
export type Page = {
  readonly add: (result: Result) => void;
  /** The whole page, in this order. */
  readonly pieces: (summary: Summary) => Iterable<string>;
};

/**
 * A page for a run.
 * @param sha256Base64 the base64 SHA-256 of a text's UTF-8, for the page's Content-Security-Policy
 */
export function createHtmlPage(told: PageTotals, sha256Base64: (text: string) => string): Page {
  const all = newRows();
  const missing = newRows();
  const shownMissing: TableRow[] = [];
  const reasons: Reasons = new Map();
  const add = (result: Result): void => {
    // Too many rows for a page: from here on it is about what is missing.
    if (all.n === ROWS_MAX) all.texts.length = 0;
    if (result.provisioned && all.n >= ROWS_MAX) {
      all.n += 1;
      return;
    }
    const shown = toTableRow(result);
    const json = formatRowJson(shown);
    carry(all, shown, json);
    if (result.provisioned) return;
    countReason(reasons, shown);
    if (shownMissing.length < MISSING_SHOWN_MAX) shownMissing.push(shown);
    carry(missing, shown, json);
  };
  function* pieces(summary: Summary): Generator<string> {
    const { firsts, texts } = summary.input.rows > ROWS_MAX ? missing : all;
    yield headOf(summary, told, sha256Base64);
    for (const [i, text] of texts.entries()) yield i === 0 ? text : `,\n${text}`;
    yield [
      ']</script>',
      missingSection(summary, shownMissing, reasons),
      rowsSection(summary, firsts, texts.length),
      aboutSection(summary),
      `<footer><p>Made by zoom-im-groups ${escapeHtml(summary.tool_version)} from the run’s journal.</p></footer>`,
      `<script>${SCRIPT}</script>`,
      '</body>\n</html>\n',
    ].join('\n');
  }
  return { add, pieces };
}

/** Rows for the page: `n` counts them all, `texts` has as many of them as a page bears. */
type Carried = { n: number; readonly firsts: TableRow[]; readonly texts: string[] };

function newRows(): Carried {
  return { n: 0, firsts: [], texts: [] };
}

function carry(rows: Carried, shown: TableRow, json: string): void {
  if (rows.n < PAGE_ROWS) rows.firsts.push(shown);
  if (rows.n < ROWS_MAX) rows.texts.push(json);
  rows.n += 1;
}

function headOf(summary: Summary, told: PageTotals, sha256Base64: (text: string) => string): string {
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${sha256Base64(SCRIPT)}'`,
    `style-src 'sha256-${sha256Base64(STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${escapeHtml(titleOf(summary))}</title>
<style>${STYLE}</style>
</head>
<body>
${opening(summary, told)}
<section aria-labelledby="counts"><h2 id="counts">How the ${isRollback(summary) ? 'groups' : 'rows'} ended</h2>
${renderCountsBar(summary.counts)}
</section>
<section aria-labelledby="time"><h2 id="time">Over time</h2>
${renderTimelineChart(told, summary.target.rate_per_second)}
</section>
<script type="application/json" id="data">[
`;
}

function titleOf({ simulated, input, exit, not_provisioned: missing }: Summary): string {
  const whole = exit.code === EXIT.unprovisioned ? 'not whole' : 'all done';
  const state = missing === 0 ? whole : `${formatNumber(missing)} of ${formatNumber(input.rows)} open`;
  return `${simulated ? 'SIMULATED: ' : ''}${fileName(input.path)}: ${state}`;
}

function opening(summary: Summary, { stop }: PageTotals): string {
  const { input, started_at: startedAt, duration_ms: durationMs, exit, simulated, warnings } = summary;
  const tone = exit.code === EXIT.ok ? 'good' : exit.code === EXIT.unprovisioned ? 'bad' : 'wait';
  const banner = simulated
    ? '<p class="simulated" role="note">Simulated run: nothing was sent to Zoom. A built-in stand-in gave the answers.</p>\n'
    : '';
  const stopped =
    stop && exit.code !== EXIT.ok
      ? `<div class="stop"><p><bdi>${escapeHtml(stop.message)}</bdi></p><p><bdi>${escapeHtml(stop.hint)}</bdi></p></div>\n`
      : '';
  const warned =
    warnings.length > 0
      ? `<ul class="warnings" aria-label="Warnings">${warnings.map((text) => `<li><bdi>${escapeHtml(text)}</bdi></li>`).join('')}</ul>\n`
      : '';
  return `${banner}<header>
<p class="of"><bdi>${escapeHtml(fileName(input.path))}</bdi> · <time datetime="${escapeHtml(startedAt)}">${escapeHtml(formatUtcTime(startedAt))}</time> · took ${formatDuration(durationMs)}</p>
<h1 class="${tone}">${escapeHtml(formatHeadline(summary))}</h1>
${stopped}${warned}</header>`;
}

function missingSection(summary: Summary, missing: readonly TableRow[], reasons: Reasons): string {
  const rows = summary.not_provisioned;
  if (rows === 0) return '';
  const state = isRollback(summary) ? 'Not taken back' : 'Not provisioned';
  const more =
    rows > missing.length
      ? `<p class="quiet">The first ${formatNumber(missing.length)} of ${formatNumber(rows)}; all of them are in ${formatSiblingLink(summary.files.failed)}. <a id="more" href="#rows-title" hidden>Search them below</a></p>`
      : `<p class="quiet">${formatSiblingLink(summary.files.failed)} holds ${rows === 1 ? 'this row' : 'these rows'} as in the input, to be mended and sent again.</p>`;
  return `<section aria-labelledby="missing-title"><h2 id="missing-title">${state}: ${formatNumber(rows)}</h2>
${renderReasonsList(reasons, rows)}
${isRollback(summary) && rows <= missing.length ? '' : more}
${renderMissingTable(`${state}, in the order of the file`, missing)}
</section>`;
}

function rowsSection(summary: Summary, firsts: readonly TableRow[], carried: number): string {
  const { counts, input, files, not_provisioned: missing } = summary;
  const all = input.rows <= ROWS_MAX;
  const rows = all ? input.rows : missing;
  if (input.rows === 0) return '';
  const title = all ? 'All rows' : 'Rows to search';
  const results = formatSiblingLink(files.results);
  const note = all
    ? `<p class="quiet">The same as a spreadsheet: ${results}.</p>`
    : `<p>A run of ${formatNumber(input.rows)} rows is too long for a page. Here ${carried < missing ? `are the first ${formatNumber(carried)} rows` : 'are the rows'} that are not provisioned; all rows are in ${results}.</p>`;
  const heading = `<section aria-labelledby="rows-title"><h2 id="rows-title">${title}</h2>\n${note}`;
  if (rows === 0) return `${heading}\n</section>`;
  const shown = STATUSES.filter((status) => counts[status] > 0);
  const chips = all ? allChips(summary, shown) : [chip('all', 'all of these', carried, true)];
  return `${heading}
<div class="tools" hidden>
<label>Search name, detail or ID <input type="search" id="search" autocomplete="off" spellcheck="false" dir="auto"></label>
<fieldset><legend>Show</legend><div class="chips">${chips.join('')}</div></fieldset>
</div>
<p id="told" role="status">${firsts.length < carried ? `The first ${formatNumber(firsts.length)} of ${formatCount(carried, 'row')}` : formatCount(carried, 'row')}</p>
${renderRowsTable(title, firsts)}
<div id="pager" role="group" aria-label="Pages" hidden>
<button type="button" id="first">First</button><button type="button" id="previous">Previous</button>
<label>Page <input type="number" id="page" min="1" value="1" inputmode="numeric"> <span id="pages"></span></label>
<button type="button" id="next">Next</button><button type="button" id="last">Last</button>
</div>
</section>`;
}

function allChips(
  { counts, input, not_provisioned: missing }: Summary,
  shown: readonly Status[],
): readonly string[] {
  return [
    chip('all', 'all', input.rows, true),
    ...(missing > 0 ? [chip('missing', 'not provisioned', missing)] : []),
    ...shown.map((status) => chip(status, status, counts[status])),
  ];
}

function chip(value: string, word: string, n: number, checked = false): string {
  return `<label><input type="radio" name="show" id="show-${value}" value="${value}"${checked ? ' checked' : ''}>${word} <b>${formatNumber(n)}</b></label>`;
}

function aboutSection(summary: Summary): string {
  const { input, target, requests, files, exit } = summary;
  const facts: readonly (readonly [string, string])[] = [
    ['Input', `<bdi>${escapeHtml(fileName(input.path))}</bdi>, ${formatCount(input.rows, 'row')}`],
    ['Its SHA-256', `<code>${escapeHtml(input.sha256)}</code>`],
    [
      'Target',
      `<bdi>${escapeHtml(target.base_url)}</bdi>, ${target.api === 'im' ? 'IM groups' : 'contact groups'}`,
    ],
    [
      'Account plan',
      `${escapeHtml(target.account_plan)}, at most ${escapeHtml(target.rate_per_second)} requests a second`,
    ],
    ['Began', escapeHtml(formatUtcTime(summary.started_at))],
    ['Ended', escapeHtml(formatUtcTime(summary.finished_at))],
    ['Worked for', formatDuration(summary.duration_ms)],
    ['Requests', requestWords(requests)],
    ...(summary.carried_over > 0
      ? [['Before the last resume', `${formatCount(summary.carried_over, 'row')} had their groups`] as const]
      : []),
    ['Exit code', `${exit.code}, ${escapeHtml(exit.reason)}`],
    ['Run', `<bdi>${escapeHtml(summary.run_id)}</bdi>`],
    [
      'Files beside this page',
      [files.results, files.failed, files.summary, files.journal ?? []]
        .flat()
        .map(formatSiblingLink)
        .join(', '),
    ],
  ];
  const list = facts.map(([term, value]) => `<dt>${term}</dt><dd>${value}</dd>`).join('\n');
  return `<section aria-labelledby="about"><h2 id="about">About this run</h2>\n<dl>\n${list}\n</dl>\n</section>`;
}

function requestWords({ sent, retried, rate_limited: limited, lists }: Summary['requests']): string {
  return `${formatNumber(sent)} for rows (${formatNumber(retried)} of them repeated), ${formatNumber(lists)} for listings; ${formatNumber(limited)} answered 429`;
}
