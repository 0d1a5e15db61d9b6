/** The summary of a run as a person likes to read it. */

import { STATUSES, type Status } from '../model/statuses.js';
import { EXIT, type Stop } from '../model/stop.js';
import { formatCount, formatNumber } from '../text/format.js';
import { escapeInvisible, wrapText } from '../text/visible.js';
import { formatHeadline } from './headline.js';
import type { Summary } from './results.js';

export type SummaryView = {
  readonly color: boolean;
  /** Of the terminal; words are wrapped there, paths and commands never. */
  readonly columns: number;
  /** Where the files of the run are; put before their names. */
  readonly folder?: string;
  /** Why the run stopped, and what a person does next. */
  readonly stop?: Stop | undefined;
  /** The command that goes on with the run, where it is not finished. */
  readonly goOn?: string;
};

/** What a status means, beside its count. */
const MEANINGS: Readonly<Record<Status, string>> = {
  created: 'new in Zoom',
  'already-provisioned': 'the name was there',
  updated: 'brought to what the row says',
  duplicate: 'an earlier row says the same',
  failed: 'results.csv says why',
  unknown: 'nothing can tell; a resume will look',
  invalid: 'never sent',
  'not-attempted': 'the run ended before',
  deleted: 'taken back',
  restored: 'as it was before the run',
  kept: 'no longer empty and unchanged',
};

const SIMULATED = 'Simulated: no request went to Zoom, no group was made there.';

/** For the longest of them and the blanks before it. */
const MEANING_COLUMNS = 6 + Math.max(...Object.values(MEANINGS).map((meaning) => meaning.length));

/** Longer lines are hard to read, however wide the terminal. */
const COLUMNS_MAX = 100;

/** The summary as lines of text, the last one without its newline. */
export function formatSummary(summary: Summary, view: SummaryView): string {
  const columns = Math.min(COLUMNS_MAX, Math.max(20, view.columns - 1));
  const { warnings, simulated } = summary;
  const bold = (text: string): string => (view.color ? `\u001b[1m${text}\u001b[0m` : text);
  const blocks: readonly (readonly string[])[] = [
    wrapText(escapeInvisible(formatHeadline(summary)), columns).map(bold),
    countLines(summary, view.color, columns),
    speedLines(summary).flatMap((line) => hanging('  ', line, columns)),
    warnings.flatMap((warning) => hanging('  Warning: ', escapeInvisible(warning), columns)),
    fileLines(summary, view.folder),
    view.stop === undefined ? [] : stopLines(view.stop, columns),
    view.goOn === undefined ? [] : ['Go on with it:', `  ${escapeInvisible(view.goOn)}`],
    simulated ? wrapText(SIMULATED, columns).map(bold) : [],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function stopLines({ message, hint }: Stop, columns: number): readonly string[] {
  return [
    ...hanging('  Why:  ', escapeInvisible(message), columns),
    ...hanging('  Then: ', escapeInvisible(hint), columns),
  ];
}

/** A paragraph behind a mark; its further lines begin beneath its first word. */
function hanging(mark: string, text: string, columns: number): readonly string[] {
  return wrapText(text, columns - mark.length).map(
    (line, i) => `${i === 0 ? mark : ' '.repeat(mark.length)}${line}`,
  );
}

const COLORS: Readonly<Partial<Record<Status, string>>> = {
  created: '32',
  updated: '32',
  deleted: '32',
  restored: '32',
  failed: '31',
  unknown: '33',
  invalid: '31',
  'not-attempted': '33',
  kept: '33',
};

function countLines({ counts }: Summary, color: boolean, columns: number): readonly string[] {
  const shown = STATUSES.filter((status) => counts[status] > 0);
  const names = Math.max(0, ...shown.map((status) => status.length));
  const digits = Math.max(0, ...shown.map((status) => formatNumber(counts[status]).length));
  return shown.map((status) => {
    const code = color ? COLORS[status] : undefined;
    const name = status.padEnd(names);
    const painted = code === undefined ? name : `\u001b[${code}m${name}\u001b[0m`;
    // In a narrow terminal the meanings would wrap; the words of the statuses have to do.
    const meaning = names + digits + MEANING_COLUMNS > columns ? '' : `  ${MEANINGS[status]}`;
    return `  ${painted}  ${formatNumber(counts[status]).padStart(digits)}${meaning}`;
  });
}

/** `40 requests in 1.4 s, 28.9/s of 30/s`, and what did not go at the first try. */
function speedLines({ requests, duration_ms, target, carried_over }: Summary): readonly string[] {
  const { sent, retried, rate_limited } = requests;
  const seconds = duration_ms / 1_000;
  const rate = seconds > 0 ? sent / seconds : 0;
  const speed = sent > 1 && rate > 0 ? `, ${rate.toFixed(1)}/s of ${target.rate_per_second}/s` : '';
  const healed = [
    ...(retried > 0 ? [retried === 1 ? '1 was a retry' : `${formatNumber(retried)} were retries`] : []),
    ...(rate_limited > 0 ? [`${formatNumber(rate_limited)} answered with 429, too many requests`] : []),
  ];
  return [
    `${formatCount(sent, 'request')} in ${timeWords(seconds)}${speed}`,
    ...(healed.length > 0 ? [healed.join(', ')] : []),
    ...(carried_over > 0
      ? [`${formatCount(carried_over, 'row')} had been done when this run was resumed`]
      : []),
  ];
}

/** `1.4 s`, `12 min 5 s`, `3 h 2 min`. */
function timeWords(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function fileLines({ files, exit, not_provisioned }: Summary, folder: string | undefined): readonly string[] {
  const before = folder === undefined ? '' : `${folder.replace(/[/\\]+$/, '')}/`;
  const place = (file: string): string => escapeInvisible(`${before}${file}`);
  return [
    `  Every row   ${place(files.results)}`,
    ...(exit.code !== EXIT.ok && not_provisioned > 0 ? [`  Not done    ${place(files.failed)}`] : []),
    `  Report      ${place(files.report)}`,
  ];
}
