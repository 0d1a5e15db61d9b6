/** A diagnosis as lines for a terminal, and as an object that can be sent in. */
import { formatShellCommand } from '../text/shell-quote.js';
import { escapeInvisible, paint } from '../text/visible.js';
import type { Answer, CheckResult, Verdict } from './checks/finding.js';
import type { Diagnosis } from './diagnose.js';

const COLORS: Readonly<Record<Verdict, number>> = { ok: 32, warn: 33, fail: 31, unknown: 36 };

/** The longest of the verdicts. */
const VERDICT_COLUMNS = 'unknown'.length;

export type ReportOptions = {
  readonly color: boolean;
  /** Only what is not well. */
  readonly quiet: boolean;
  /** Options of this command that the suggested one needs too, such as `--simulate`. */
  readonly common: readonly string[];
};

/** One line a check, with what to do under it; then the command that fits. */
export function formatDiagnosis(diagnosis: Diagnosis, options: ReportOptions): readonly string[] {
  const { results } = diagnosis;
  const columns = Math.max(...results.map((result) => labelOf(result, ': ').length));
  const visible = results.filter(({ verdict }) => !options.quiet || verdict === 'warn' || verdict === 'fail');
  return [
    ...visible.flatMap((result) => formatResult(result, columns, options.color)),
    ...(options.quiet && visible.length === 0 ? [] : ['', ...formatConclusion(diagnosis, options.common)]),
  ];
}

/** `im: listing-lag` */
function labelOf({ id, api }: CheckResult, separator: string): string {
  return api === undefined ? id : `${api}${separator}${id}`;
}

function formatResult(result: CheckResult, columns: number, color: boolean): readonly string[] {
  const { verdict, found, words = '', todo } = result;
  const start = paint(verdict.padEnd(VERDICT_COLUMNS), COLORS[verdict], color);
  const text = words === '' ? found : `${found}: ${words}`;
  const line = `${start}  ${labelOf(result, ': ').padEnd(columns)}  ${escapeInvisible(text)}`;
  if (verdict === 'ok' || todo === undefined) return [line];
  return [line, `${' '.repeat(VERDICT_COLUMNS + columns + 4)}→ ${escapeInvisible(todo)}`];
}

function formatConclusion(
  { results, suggestion, exit: { message, hint } }: Diagnosis,
  common: readonly string[],
): readonly string[] {
  const counts = Object.keys(COLORS).flatMap((verdict) => {
    const { length } = results.filter((result) => result.verdict === verdict);
    return length === 0 ? [] : [`${length} ${verdict}`];
  });
  const next = suggestion ? formatCommand(suggestion, common) : hint && escapeInvisible(hint);
  return [
    `${counts.join(', ')}: ${escapeInvisible(message)}`,
    ...(next === undefined ? [] : [`Next step: ${next}`]),
  ];
}

/** `zoom-im-groups apply groups.csv --api contacts --account-plan business` */
function formatCommand(suggestion: readonly string[], common: readonly string[]): string {
  return formatShellCommand(['zoom-im-groups', 'apply', 'groups.csv', ...suggestion, ...common]);
}

/** For a bug report: without names, addresses and secrets. @param common options that the suggested command needs too */
export function describeDiagnosis(
  { results, suggestion }: Diagnosis,
  common: readonly string[],
): {
  readonly checks: readonly object[];
  readonly suggestion: string | null;
  readonly answers: Readonly<Record<string, Answer>>;
} {
  return {
    checks: results.map(({ id, api, verdict, found, todo, assumes }) => ({
      id,
      api: api ?? null,
      verdict,
      found,
      ...(todo === undefined ? {} : { action: todo }),
      ...(assumes === undefined ? {} : { assumes }),
    })),
    suggestion: suggestion ? formatCommand(suggestion, common) : null,
    answers: Object.fromEntries(
      results.flatMap((result) =>
        result.answer === undefined ? [] : [[labelOf(result, '.'), result.answer]],
      ),
    ),
  };
}
