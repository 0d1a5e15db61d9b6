/** The summary of a run as text for the terminal. */

import { STATUS_NAMES, STATUSES, type StatusDefinition } from '../model/statuses.js';
import { EXIT } from '../model/stop.js';
import { formatCount, formatDuration, formatNumber } from '../text/format.js';
import { escapeInvisible, paint, truncate, wrapText } from '../text/visible.js';
import { describeGoal, formatHeadline } from './headline.js';
import { countRows, type Summary } from './summary.js';

export type SummaryView = {
  readonly color: boolean;
  /** Of the terminal. Sentences are wrapped there; paths and commands stay whole, to be copied. */
  readonly columns: number;
  /** The run's folder; put before the names of its files. */
  readonly folder: string;
};

const SIMULATED = 'Simulated: no request went to Zoom, and nothing was changed there.';

/** Longer lines are hard to read, however wide the terminal. */
const COLUMNS_MAX = 100;

/** The summary as lines of text, the last one without its newline. */
export function formatSummary(summary: Summary, view: SummaryView): string {
  const columns = Math.min(COLUMNS_MAX, Math.max(20, view.columns - 1));
  const bold = (text: string): string => paint(text, 1, view.color);
  const blocks: readonly (readonly string[])[] = [
    wrapText(escapeInvisible(formatHeadline(summary)), columns).map(bold),
    formatCounts(summary, view.color, columns),
    formatReasons(summary, columns),
    formatSpeed(summary).flatMap((line) => indent('  ', line, columns)),
    summary.warnings.flatMap((warning) => indent('  Warning: ', escapeInvisible(warning), columns)),
    formatFiles(summary, view.folder),
    formatStop(summary, columns),
    formatCommand(summary),
    summary.simulated ? wrapText(SIMULATED, columns).map(bold) : [],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** A paragraph after a label; its further lines begin below its first word. */
function indent(label: string, text: string, columns: number): readonly string[] {
  const blank = ' '.repeat(label.length);
  return wrapText(text, columns - label.length).map((line, i) => `${i === 0 ? label : blank}${line}`);
}

const COLORS: Readonly<Record<StatusDefinition['tone'], number>> = {
  good: 32,
  neutral: 36,
  warning: 33,
  bad: 31,
};

function formatCounts(summary: Summary, color: boolean, columns: number): readonly string[] {
  const present = STATUS_NAMES.filter((status) => countRows(summary, status) > 0);
  const nameWidth = Math.max(0, ...present.map((status) => status.length));
  const countWidth = Math.max(0, ...present.map((status) => formatNumber(countRows(summary, status)).length));
  const meaningWidth = Math.max(0, ...present.map((status) => STATUSES[status].meaning.length));
  // In a narrow terminal the meanings would wrap; the names of the statuses have to do.
  const fits = nameWidth + countWidth + meaningWidth + 6 <= columns;
  return present.map((status) => {
    const { tone, meaning } = STATUSES[status];
    const label = paint(status.padEnd(nameWidth), COLORS[tone], color);
    const count = formatNumber(countRows(summary, status)).padStart(countWidth);
    return `  ${label}  ${count}${fits ? `  ${meaning}` : ''}`;
  });
}

const REASONS_MAX = 5;
/** A server may answer with a whole page. */
const REASON_COLUMNS_MAX = 300;

/** The most frequent reasons of failure, each with a row to look at. Pending rows have failed in nothing. */
function formatReasons({ reasons }: Summary, columns: number): readonly string[] {
  const failures = reasons.filter(({ status }) => status !== 'not-attempted').slice(0, REASONS_MAX);
  if (failures.length === 0) return [];
  const width = Math.max(...failures.map(({ rows }) => formatNumber(rows).length));
  const lines = failures.flatMap(({ status, reason, rows, example }) => {
    const label = `  ${formatNumber(rows).padStart(width)}  `;
    const text = truncate(
      escapeInvisible(reason === '' ? status : `${status}: ${reason}`),
      REASON_COLUMNS_MAX,
    );
    const where = `${rows === 1 ? '' : 'for example '}line ${example.line} ${formatExample(example.name)}`;
    const indented = ' '.repeat(label.length);
    return [...indent(label, text, columns), `${indented}${truncate(where, columns - indented.length)}`];
  });
  return ['  Most frequent reasons:', ...lines];
}

function formatExample(name: string): string {
  return name === '' ? '(no name)' : `"${escapeInvisible(name)}"`;
}

/** `40 requests in 1.4 s (28.9/s, limit 30/s)`, and what did not succeed at the first attempt. */
function formatSpeed({ requests, duration_ms, target, carried_over }: Summary): readonly string[] {
  const { sent, retried, rate_limited: limited } = requests;
  const rate = duration_ms > 0 ? (sent * 1_000) / duration_ms : 0;
  const speed = sent > 1 && rate > 0 ? ` (${rate.toFixed(1)}/s, limit ${target.rate_per_second}/s)` : '';
  const retries = retried === 1 ? '1 of them was a retry' : `${formatNumber(retried)} of them were retries`;
  return [
    `${formatCount(sent, 'request')} in ${formatDuration(duration_ms)}${speed}`,
    ...(retried > 0 ? [retries] : []),
    ...(limited > 0 ? [`Zoom rate-limited ${formatCount(limited, 'request')} (429)`] : []),
    ...(carried_over > 0 ? [`${formatCount(carried_over, 'row')} done before this resume`] : []),
  ];
}

function formatFiles(summary: Summary, folder: string): readonly string[] {
  const { files, not_provisioned: missing } = summary;
  const path = (file: string): string => escapeInvisible(`${folder.replace(/[/\\]+$/, '')}/${file}`);
  const missingLabel = `Not ${describeGoal(summary)}`;
  const lines: readonly (readonly [string, string])[] = [
    ['All rows', files.results],
    ...(missing > 0 ? [[missingLabel, files.failed] as const] : []),
    ['Report', files.report],
  ];
  const width = missing > 0 ? missingLabel.length : 'All rows'.length;
  return lines.map(([label, file]) => `  ${label.padEnd(width)}  ${path(file)}`);
}

function formatStop({ exit }: Summary, columns: number): readonly string[] {
  return [
    ...(exit.message ? indent('  Reason:    ', escapeInvisible(exit.message), columns) : []),
    ...(exit.hint ? indent('  Next step: ', escapeInvisible(exit.hint), columns) : []),
  ];
}

function formatCommand({ resume_command: command, exit }: Summary): readonly string[] {
  if (command === undefined) return [];
  return [formatCommandLabel(exit.code, command), `  ${escapeInvisible(command)}`];
}

/** What the next command is for. */
export function formatCommandLabel(code: Summary['exit']['code'], command: string): string {
  if (code === EXIT.unprovisioned) return 'To retry the rows that are not provisioned, run:';
  return command.includes('--resume') ? 'To resume, run:' : 'To start again, run:';
}
