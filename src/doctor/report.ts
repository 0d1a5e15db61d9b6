/** A diagnosis as lines for a terminal, and as an object that can be sent in. */
import { formatShellCommand } from '../text/shell-quote.js';
import { escapeInvisible, paint } from '../text/visible.js';
import type { Answer, CheckResult, Verdict } from './checks/finding.js';
import type { Diagnosis, Suggestion } from './diagnose.js';

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
  const { results, exit } = diagnosis;
  const columns = Math.max(...results.map((result) => labelOf(result).length));
  const visible = results.filter(({ verdict }) => !options.quiet || verdict === 'warn' || verdict === 'fail');
  return [
    ...visible.flatMap((result) => formatResult(result, columns, options.color)),
    ...(options.quiet && visible.length === 0 ? [] : ['', ...formatConclusion(diagnosis, options, exit)]),
  ];
}

/** `im: listing-lag` */
function labelOf({ id, api }: CheckResult): string {
  return api === undefined ? id : `${api}: ${id}`;
}

function formatResult(result: CheckResult, columns: number, color: boolean): readonly string[] {
  const { verdict, found, words = '', todo } = result;
  const start = paint(verdict.padEnd(VERDICT_COLUMNS), COLORS[verdict], color);
  const text = words === '' ? found : `${found}: ${words}`;
  const line = `${start}  ${labelOf(result).padEnd(columns)}  ${escapeInvisible(text)}`;
  const isOk = verdict === 'ok' || todo === undefined;
  const indent = ' '.repeat(VERDICT_COLUMNS + columns + 4);
  return isOk ? [line] : [line, `${indent}→ ${escapeInvisible(todo)}`];
}

function formatConclusion(
  { results, suggestion }: Diagnosis,
  { common }: ReportOptions,
  { message, hint }: Diagnosis['exit'],
): readonly string[] {
  const counts = (['ok', 'warn', 'fail', 'unknown'] as const)
    .map((verdict) => [results.filter((result) => result.verdict === verdict).length, verdict] as const)
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`);
  const command = suggestion && formatSuggestion(suggestion, common);
  return [
    `${counts.join(', ')}: ${escapeInvisible(message)}`,
    ...(command === undefined ? [] : [`Next step: ${command}`]),
    ...(command === undefined && hint !== undefined ? [`Next step: ${escapeInvisible(hint)}`] : []),
  ];
}

/** `zoom-im-groups apply groups.csv --api contacts --account-plan business` */
export function formatSuggestion({ api, accountPlan, body }: Suggestion, common: readonly string[]): string {
  return formatShellCommand([
    ...['zoom-im-groups', 'apply', 'groups.csv'],
    ...(api === undefined ? [] : ['--api', api]),
    ...(accountPlan === undefined ? [] : ['--account-plan', accountPlan]),
    ...(body === undefined ? [] : ['--body', body]),
    ...common,
  ]);
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
  const answers = results.flatMap((result): [string, Answer][] =>
    result.answer === undefined ? [] : [[keyOf(result), result.answer]],
  );
  return {
    checks: results.map(({ id, api, verdict, found, todo, assumes }) => ({
      id,
      api: api ?? null,
      verdict,
      found,
      ...(todo === undefined ? {} : { action: todo }),
      ...(assumes === undefined ? {} : { assumes }),
    })),
    suggestion: suggestion ? formatSuggestion(suggestion, common) : null,
    answers: Object.fromEntries(answers),
  };
}

function keyOf({ id, api }: CheckResult): string {
  return api === undefined ? id : `${api}.${id}`;
}
